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


@pytest.mark.parametrize(
    ("strategy", "params", "count", "unit", "tokens"),
    [
        ("budget_forcing", {"waits": 2}, 3, "thoughts", 168),
        ("budget_forcing", {"waits": 1, "max_thinking_tokens": 60}, 2, "thoughts", 60),
        ("adaptive_consistency", {"n_max": 10}, 10, "chains", 560),
        ("confident_voting", {}, 32, "traces", 32 * 56),
        ("dvts", {"n": 10, "width": 4, "scorer": "verifier"}, 8, "beams", 448),
        ("tree_of_thoughts", {"depth": 2, "breadth": 3, "proposals": 4, "judgements": 1}, 16, "states", 256),
        ("particle_filter", {"scorer": "process_reward"}, 16, "particles", 2 * 16 * 56),
        ("ab_mcts", {"rollouts": 2, "scorer": "verifier"}, 2, "rollouts", 126),
        ("repair", {"rounds": 1, "width": 2}, 4, "drafts", 224),
        ("adaptive", {"most": 4, "scorer": "confidence_lowest"}, 8, "chains", 448),
    ],
)
def test_what_a_strategy_takes_at_most(
    strategy: str, params: dict, count: int, unit: str, tokens: int
) -> None:
    free = predict(strategy, Budget(), **params)
    assert (free.count, free.unit, free.tokens) == (count, unit, tokens)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_forecast_is_of_the_size_of_what_the_scripted_model_does(strategy: str) -> None:
    """Within a factor of four, most of which is chains that stop or merge sooner."""
    from tests.engine.scripted import PUZZLE, run, spec

    params: dict = {"stop_at": 1.0} if strategy in ("mcts", "ab_mcts") else {}
    used = run(spec(strategy, PUZZLE, **params)).usage.spent_tokens
    defaults = {knob.name: knob.default for knob in STRATEGIES[strategy].parameters} | params
    if "scorer" in defaults:
        defaults["scorer"] = "process_reward"
    free = cost.predict(strategy, defaults, Budget(), tokens_per_step=9.0, steps_per_chain=3.5)
    early = (
        "adaptive",
        "adaptive_consistency",
        "repair",
        "self_refine",
        "confident_voting",
        "ab_mcts",
        "mcts",
    )
    assert used <= 2 * free.tokens
    assert used >= free.tokens / (30 if strategy in early else 5)
