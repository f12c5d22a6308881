"""The benchmark of forecasts, with the scripted model: every strategy is foretold, made and learned from."""

from __future__ import annotations

import pytest

from engine.bench import prediction
from engine.bench.prediction import Outcome
from engine.budget import Budget
from engine.forecasting.experience import Experience
from engine.strategies import STRATEGIES
from tests.engine.scripted import make_scheduler
from tests.engine.test_forecasting import Facts


def outcome(expected: int, tokens: int, expected_seconds: float | None, seconds: float) -> Outcome:
    return Outcome("mcts", "countdown", "none", "finished", expected, tokens, expected_seconds, seconds, 2.0)


@pytest.mark.parametrize(
    ("expected", "tokens", "is_hit"), [(100, 125, True), (100, 75, True), (100, 126, False), (100, 74, False)]
)
def test_tokens_are_within_a_quarter_of_the_forecast(expected: int, tokens: int, is_hit: bool) -> None:
    assert outcome(expected, tokens, 1.0, 1.0).has_tokens == is_hit


@pytest.mark.parametrize(
    ("expected", "seconds", "is_hit"),
    [(1.0, 1.4, True), (1.0, 0.6, True), (1.0, 1.41, False), (None, 1.0, False)],
)
def test_seconds_are_within_two_fifths(expected: float | None, seconds: float, is_hit: bool) -> None:
    assert outcome(1, 1, expected, seconds).has_seconds == is_hit


def test_shares_count_runs() -> None:
    found = [outcome(100, 100, 1.0, 1.0), outcome(100, 300, 1.0, 1.0)]
    assert prediction.shares(found) == prediction.Shares(tokens=0.5, seconds=1.0, steady=0.0)


def test_all_strategies_families_and_budgets_are_asked() -> None:
    specs = prediction.specs(50, 1)
    assert {spec.strategy for spec in specs} == set(STRATEGIES)
    assert len({spec.budget for spec in specs}) == len(prediction.BUDGETS)
    assert len({spec.problem for spec in specs}) == 50


def test_runs_are_foretold_before_they_are_made() -> None:
    budgets = (Budget(max_tokens=300),)
    warm_up, measured = (
        prediction.specs(16, 1, budgets, "scripted"),
        prediction.specs(16, 2, budgets, "scripted"),
    )
    found = list(prediction.measure(make_scheduler(), Facts(), warm_up, measured, Experience()))
    assert [one.strategy for one in found] == list(STRATEGIES)
    assert all(0 < one.expected_tokens <= 300 and 0 < one.tokens <= 300 for one in found)
    assert prediction.shares(found).tokens > 0.3  # where several kinds of problem share little experience
