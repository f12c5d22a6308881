"""Formulas, prices, and what a budget will buy."""

from __future__ import annotations

import pytest

from engine import cost
from engine.budget import Budget
from engine.strategies import STRATEGIES


def predict(strategy: str, budget: Budget, speed: float | None = None, **params) -> cost.Forecast:
    defaults = {knob.name: knob.default for knob in STRATEGIES[strategy].parameters}
    return cost.predict(strategy, defaults | params, budget, tokens_per_second=speed, parameters=3_000_000)


def test_flops_are_two_a_parameter_and_token() -> None:
    assert cost.flops(10, 3_000_000) == 6e7


def test_prices_by_time_and_by_token() -> None:
    assert cost.Prices(usd_per_device_hour=3.6).usd(10, 5, 5) == pytest.approx(0.01)
    hosted = cost.Prices(0.0, usd_per_prompt_token=1e-6, usd_per_token=4e-6)
    assert hosted.usd(10, 100, 100) == pytest.approx(5e-4)
    assert cost.prices_for("cuda:0") == cost.GPU_PRICES
    assert cost.prices_for("cpu") == cost.CPU_PRICES


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_forecast_respects_the_budget(strategy: str) -> None:
    free = predict(strategy, Budget(), speed=1000.0)
    assert not free.is_cut
    assert free.count > 0
    assert free.seconds == pytest.approx(free.tokens / 1000)

    tight = predict(strategy, Budget(max_tokens=5), speed=1000.0)
    assert tight.tokens <= 5
    assert tight.is_cut


def test_a_budget_in_seconds_buys_by_the_measured_speed() -> None:
    slow = predict("self_consistency", Budget(max_seconds=1.0), speed=112.0)
    assert (slow.count, slow.unit, slow.is_cut) == (2, "chains", True)
    assert predict("self_consistency", Budget(max_seconds=1.0)).count == 16  # no speed measured yet


def test_a_scorer_that_reads_halves_what_tokens_buy() -> None:
    exact = predict("best_of_n", Budget(max_tokens=560), scorer="verifier")
    judged = predict("best_of_n", Budget(max_tokens=560), scorer="process_reward")
    assert (exact.count, judged.count) == (10, 5)
