"""Sharing tokens by marginal gain, against every possible way of sharing them."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lab.allocation import Curve, by_marginal_gain, expected, measured_curve, uniformly

GAINS = st.lists(st.integers(0, 20), min_size=1, max_size=4)


def curve(gains: list[int], cost: float = 10.0) -> Curve:
    """A curve of equal steps in tokens that gains so many hundredths at each."""
    success = [sum(gains[:k]) / 100 for k in range(len(gains) + 1)]
    return Curve(tuple(cost * k for k in range(len(gains) + 1)), tuple(success))


def best_by_brute_force(difficulties: list[int], curves: dict[int, Curve], total: float) -> float:
    choices = [curves[name].tokens for name in difficulties]
    return max(
        expected(difficulties, curves, tokens)
        for tokens in itertools.product(*choices)
        if math.fsum(tokens) <= total
    )


@settings(max_examples=200)
@given(
    st.lists(GAINS.map(lambda gains: sorted(gains, reverse=True)), min_size=1, max_size=4), st.integers(0, 16)
)
def test_curves_that_gain_less_and_less_are_shared_out_optimally(
    all_gains: list[list[int]], units: int
) -> None:
    curves = {name: curve(gains) for name, gains in enumerate(all_gains)}
    difficulties = list(curves)
    shared = by_marginal_gain(difficulties, curves, units * 10.0)
    assert shared.total_tokens <= units * 10
    assert shared.success == pytest.approx(best_by_brute_force(difficulties, curves, units * 10.0))


@settings(max_examples=200)
@given(
    st.lists(st.tuples(GAINS, st.sampled_from([5.0, 10.0, 30.0])), min_size=1, max_size=4), st.integers(0, 30)
)
def test_any_curves_are_shared_out_within_one_step_of_the_best(
    drawn: list[tuple[list[int], float]], units: int
) -> None:
    curves = {name: curve(gains, cost) for name, (gains, cost) in enumerate(drawn)}
    difficulties, total = list(curves), units * 5.0
    shared = by_marginal_gain(difficulties, curves, total)
    assert shared.total_tokens <= total
    best = best_by_brute_force(difficulties, curves, total)
    # Following hulls loses at most what one step of one question brings: the step that could not be paid.
    steps = [
        curves[name].success[b] - curves[name].success[a]
        for name in difficulties
        for a, b in itertools.pairwise(curves[name].hull())
    ]
    assert best - max(steps, default=0.0) / len(difficulties) - 1e-9 <= shared.success <= best + 1e-9


def test_the_easy_and_the_hopeless_leave_their_tokens_to_those_in_between() -> None:
    curves = {
        "easy": measured_curve([(16, 16)] * 4, 50.0, 16),
        "middling": measured_curve([(16, 3), (16, 5)], 50.0, 16),
        "hopeless": measured_curve([(16, 0)] * 4, 50.0, 16),
    }
    difficulties = ["easy", "middling", "hopeless"] * 10
    shared = by_marginal_gain(difficulties, curves, 30 * 4 * 50.0)
    uniform = uniformly(difficulties, curves, 30 * 4 * 50.0)
    assert uniform.tokens == (200.0,) * 30
    assert shared.tokens[0] == 50  # one sample is enough
    assert shared.tokens[1] > 200
    assert shared.tokens[2] == 0
    assert shared.success > uniform.success + 0.05


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12)), min_size=1, max_size=5))
def test_a_measured_curve_is_the_unbiased_estimate(raw: list[tuple[int, int]]) -> None:
    trials = [(drawn, min(right, drawn)) for drawn, right in raw]
    most = min(drawn for drawn, _ in trials)
    found = measured_curve(trials, 7.0, most)
    for k in range(most + 1):
        by_counting = [1 - math.comb(n - c, k) / math.comb(n, k) for n, c in trials]
        assert found.at(7.0 * k) == pytest.approx(sum(by_counting) / len(trials))


def test_what_lies_between_two_points_buys_the_lower() -> None:
    steps = curve([10, 10])
    assert (steps.at(0), steps.at(9.9), steps.at(10), steps.at(1e9)) == (0, 0, 0.1, 0.2)


def test_a_late_gain_is_bought_as_a_whole_or_not_at_all() -> None:
    late = curve([0, 0, 60])  # nothing before the third step
    assert late.hull() == [0, 3]
    curves = {"late": late, "early": curve([15, 5])}
    assert by_marginal_gain(["late", "early"], curves, 30.0).tokens == (30.0, 0.0)
    assert by_marginal_gain(["late", "early"], curves, 20.0).tokens == (0.0, 20.0)


@pytest.mark.parametrize(
    ("tokens", "success"),
    [((), ()), ((0, 1), (0.5,)), ((1, 2), (0, 1)), ((0, 0), (0, 1)), ((0, 1), (0.5, 0.4))],
)
def test_what_is_no_curve_is_refused(tokens: tuple[float, ...], success: tuple[float, ...]) -> None:
    with pytest.raises(ValueError):
        Curve(tokens, success)


def test_no_questions_and_no_tokens() -> None:
    curves = {"a": curve([10])}
    assert by_marginal_gain([], curves, 100).success == uniformly([], curves, 100).success == 0
    assert by_marginal_gain(["a"], curves, 0).tokens == (0.0,)
