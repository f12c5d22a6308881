"""Forecasts: from formulas at first, from like runs as soon as there are any, never beyond the budget."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from engine.budget import Budget
from engine.cost import CPU_PRICES, Prices
from engine.forecasting.cases import Case, Taken
from engine.forecasting.experience import Experience
from engine.forecasting.foretell import affordable, foretell, taken
from engine.forecasting.lengths import TYPICAL, lengths_of
from engine.strategies import STRATEGIES
from engine.tasks import identify
from tests.engine.scripted import PUZZLE, run, spec


class Facts:
    """A model whose tokenizer is not known."""

    source, parameters, device, folder = "scripted", 1_000_000, "cpu", None


CASE = Case("m", "mcts", "verifier", "countdown", 3)


def took(ratio: float, speed: float | None = 1000.0, is_cut: bool = False, **other: object) -> Taken:
    return Taken(replace(CASE, **other), ratio, speed, is_cut)  # type: ignore[arg-type]


def test_without_experience_the_formula_is_the_forecast() -> None:
    empty = Experience()
    assert empty.tokens(CASE, 800, math.inf, False) == 800
    assert empty.tokens(CASE, 800, 500, False) == 500
    assert empty.speed(CASE) is None


def test_the_forecast_is_where_most_runs_were_not_their_mean() -> None:
    known = Experience()
    for ratio in (0.05, 0.05, 0.06, 1.0, 0.05):
        known.learn(took(ratio))
    assert known.tokens(CASE, 1000, math.inf, False) == pytest.approx(50, rel=0.2)


def test_runs_that_are_more_alike_count_more() -> None:
    known = Experience()
    for _ in range(5):
        known.learn(took(2.0, steps=9))
        known.learn(took(3.0, strategy="best_of_n"))
    known.learn(took(0.5))
    assert known.tokens(CASE, 1000, math.inf, False) == 500


def test_runs_that_a_budget_ended_take_all_of_it() -> None:
    known = Experience()
    known.learn(took(0.7, is_cut=True))
    assert known.tokens(CASE, 1000, 1000, False) == 1000
    assert known.tokens(CASE, 1000, math.inf, False) == 700


def test_own_runs_soon_outweigh_what_was_measured_elsewhere() -> None:
    known = Experience([took(1.0, speed=500.0, model="")] * 3)
    assert known.tokens(CASE, 100, math.inf, True) == 100
    for _ in range(3):
        known.learn(took(0.2))
    assert known.tokens(CASE, 100, math.inf, True) == pytest.approx(20)


def test_a_machine_twice_as_fast_is_so_for_every_strategy() -> None:
    known = Experience([took(1.0, speed=500.0, model=""), took(1.0, speed=4000.0, model="", strategy="dvts")])
    known.learn(took(1.0, speed=1000.0))
    other = Case("m", "dvts", "verifier", "countdown", 3)
    assert known.speed(other) == pytest.approx(8000, rel=0.1)
    assert known.speed(CASE) == pytest.approx(1000, rel=0.1)


def test_a_machine_that_slows_down_is_believed_after_a_few_runs_of_any_strategy() -> None:
    usual = [took(1.0, speed=500.0), took(1.0, speed=4000.0, strategy="dvts")]
    known = Experience(usual)
    for _ in range(20):
        known.learn(took(1.0, speed=1000.0))
    for _ in range(4):
        known.learn(took(1.0, speed=1000.0, strategy="dvts"))  # a quarter as fast as usual, before twice
    slowed = known.speed(CASE)
    assert slowed is not None and 125 <= slowed < 300


def test_a_strategy_that_differs_from_its_usual_speed_is_learned_while_others_run() -> None:
    known = Experience([took(1.0, speed=500.0), took(1.0, speed=500.0, strategy="dvts")])
    for _ in range(30):
        known.learn(took(1.0, speed=500.0))
        known.learn(took(1.0, speed=1500.0, strategy="dvts"))
    assert known.speed(Case("m", "dvts", "verifier", "countdown", 3)) == pytest.approx(1500, rel=0.25)
    assert known.speed(CASE) == pytest.approx(500, rel=0.25)


def test_a_tight_budget_is_foretold_from_tight_ones() -> None:
    known = Experience([took(1.0, speed=4000.0), took(1.0, speed=1000.0, is_tight=True)])
    known.learn(took(1.0, speed=4000.0))
    assert known.speed(replace(CASE, is_tight=True)) == pytest.approx(1000, rel=0.1)


@pytest.mark.parametrize(("max_tokens", "is_tight"), [(30, True), (1_000_000, False), (None, False)])
def test_a_budget_below_the_formula_is_tight(max_tokens: int | None, is_tight: bool) -> None:
    found = taken(run(spec("self_consistency", PUZZLE, max_tokens=max_tokens)), Facts())
    assert found is not None and found.case.is_tight == is_tight


def test_a_run_without_a_speed_says_nothing_of_speeds() -> None:
    known = Experience()
    known.learn(took(1.0, speed=None))
    assert known.speed(CASE) is None


def test_a_forecast_holds_the_budget_in_every_unit() -> None:
    known = Experience()
    known.learn(took(1.0, speed=1000.0))
    size = Facts().parameters
    assert affordable(Budget(max_seconds=2), 1000.0, size, CPU_PRICES) == 2000
    assert affordable(Budget(max_flops=4e9), None, size, CPU_PRICES) == 2000
    assert affordable(Budget(max_usd=0.1), 1000.0, size, CPU_PRICES) == pytest.approx(3600 * 1000)
    assert affordable(Budget(max_seconds=2), None, size, CPU_PRICES) == math.inf


def test_a_forecast_is_in_the_prices_it_is_given() -> None:
    known = Experience()
    known.learn(took(1.0, speed=1000.0, model="scripted"))
    mine = spec("mcts", PUZZLE, max_tokens=500)
    usual = foretell(mine, identify(PUZZLE), Facts(), known)
    dear = foretell(mine, identify(PUZZLE), Facts(), known, Prices(usd_per_token=0.5))
    assert usual.seconds is not None
    assert usual.usd == pytest.approx(usual.seconds / 3600 * 0.10)
    assert dear.usd == pytest.approx(0.5 * dear.tokens, rel=0.01)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_second_run_of_a_kind_is_foretold_by_the_first(strategy: str) -> None:
    known = Experience()
    first = run(
        spec(strategy, PUZZLE, scorer="verifier") if _has_scorer(strategy) else spec(strategy, PUZZLE)
    )
    learned = taken(first, Facts())
    assert learned is not None
    known.learn(learned)
    found = foretell(first.spec, identify(PUZZLE), Facts(), known)
    assert found.tokens == pytest.approx(first.usage.spent_tokens, rel=0.02, abs=1)
    if learned.speed is not None:
        assert found.seconds == pytest.approx(first.usage.seconds, rel=0.1)


def _has_scorer(strategy: str) -> bool:
    return any(parameter.name == "scorer" for parameter in STRATEGIES[strategy].parameters)


def test_a_problem_of_no_family_has_no_known_length() -> None:
    assert lengths_of(identify(PUZZLE), None) is None
    assert TYPICAL.chain_tokens > 0
