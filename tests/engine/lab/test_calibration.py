"""Calibration and ranking against values found by hand and by counting pairs."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from engine.lab.calibration import area_under_curve, expected_error, reliability


def test_the_error_by_hand() -> None:
    """0.9 and 0.95, one of two true: off by 0.425; 0.1, none of one: off by 0.1; weighed 2 to 1."""
    assert expected_error([0.9, 0.95, 0.1], [True, False, False]) == pytest.approx((2 * 0.425 + 0.1) / 3)


def test_what_happens_as_often_as_it_was_said_is_calibrated() -> None:
    rng = random.Random(0)
    estimates = [rng.random() for _ in range(20_000)]
    truths = [rng.random() < p for p in estimates]
    assert expected_error(estimates, truths) < 0.02
    assert expected_error([p**3 for p in estimates], truths) > 0.1


def test_certainty_has_a_bin() -> None:
    assert [(b.count, b.estimated, b.true) for b in reliability([1.0, 0.0], [True, False])] == [
        (1, 0.0, 0.0),
        (1, 1.0, 1.0),
    ]
    with pytest.raises(ValueError, match="no calibration"):
        expected_error([], [])


def test_the_area_counts_pairs() -> None:
    rng = random.Random(1)
    estimates = [rng.randrange(8) / 8 for _ in range(60)]
    truths = [rng.random() < 0.3 + 0.5 * p for p in estimates]
    pairs = [
        1.0 if a > b else 0.5 if a == b else 0.0
        for (a, is_a), (b, is_b) in itertools.product(zip(estimates, truths, strict=True), repeat=2)
        if is_a and not is_b
    ]
    assert area_under_curve(estimates, truths) == pytest.approx(sum(pairs) / len(pairs))
    assert math.isnan(area_under_curve([0.1, 0.2], [True, True]))
