"""Intervals and tests against published or independently computed values, and where they must stay silent."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lab import statistics


def test_the_wilson_interval_of_a_textbook() -> None:
    """81 of 263: Newcombe 1998 (Statistics in Medicine 17, table I) gives 0.2553 to 0.3662."""
    found = statistics.share(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    assert found.value == 81 / 263


@given(st.integers(1, 300), st.data())
def test_a_share_lies_in_its_interval(trials: int, data: st.DataObject) -> None:
    found = statistics.share(data.draw(st.integers(0, trials)), trials)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high  # none solved of many is not certainty


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (3, 2), (-1, 4)])
def test_no_share_of_nothing(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        statistics.share(successes, trials)


def outcomes(both: int, only_first: int, only_second: int, neither: int) -> tuple[list[bool], list[bool]]:
    pairs = (
        [(True, True)] * both + [(True, False)] * only_first + [(False, True)] * only_second
        + [(False, False)] * neither
    )  # fmt: skip
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_mcnemar_is_exact() -> None:
    """9 won and 1 lost of 10 decided: p = 2 (1 + 10) / 2^10."""
    found = statistics.paired(*outcomes(10, 9, 1, 20))
    assert found.p_value == pytest.approx(22 / 1024)
    assert (found.pairs, found.only_first, found.only_second) == (40, 9, 1)
    assert found.difference.value == pytest.approx(0.2)
    assert found.difference.low > 0


def test_bonett_and_price_by_hand() -> None:
    """n = 40, 9 and 1: shares 10/42 and 2/42, so 8/42 ± 1.959964 √((12/42 - (8/42)²) / 42)."""
    found = statistics.paired(*outcomes(10, 9, 1, 20)).difference
    reach = 1.959964 * math.sqrt((12 / 42 - (8 / 42) ** 2) / 42)
    assert found.low == pytest.approx(8 / 42 - reach, abs=1e-6)
    assert found.high == pytest.approx(8 / 42 + reach, abs=1e-6)


def test_equal_outcomes_still_leave_a_range() -> None:
    found = statistics.paired(*outcomes(12, 0, 0, 8))
    assert found.p_value == 1
    assert found.difference.low < 0 < found.difference.high


def test_few_problems_are_not_enough() -> None:
    assert not statistics.paired(*outcomes(0, 19, 0, 0)).is_enough
    assert statistics.paired(*outcomes(0, 20, 0, 0)).is_enough


def test_the_order_of_the_two_turns_the_sign_only() -> None:
    first, second = outcomes(5, 8, 3, 14)
    there, back = statistics.paired(first, second), statistics.paired(second, first)
    assert there.p_value == back.p_value
    assert there.difference.low == pytest.approx(-back.difference.high)


def test_unequal_lists_are_refused() -> None:
    with pytest.raises(ValueError, match="same problems"):
        statistics.paired([True], [True, False])
    with pytest.raises(ValueError, match="same problems"):
        statistics.mean_difference([1.0], [1.0, 2.0])


def test_two_that_are_the_same_are_seldom_told_apart() -> None:
    """Of 300 comparisons of equals at most about 1 in 20 may come out below 0.05."""
    rng = random.Random(7)
    alarms = covered = 0
    for _ in range(300):
        first, second = ([rng.random() < 0.6 for _ in range(40)] for _ in range(2))
        found = statistics.paired(first, second)
        alarms += found.p_value < 0.05
        covered += found.difference.low <= 0 <= found.difference.high
    assert alarms <= 20
    assert covered >= 277


def test_a_mean_has_a_repeatable_interval() -> None:
    values = [float(n) for n in range(30)]
    found = statistics.mean(values)
    assert found == statistics.mean(values)
    assert found.low < found.value == 14.5 < found.high
    standard_error = math.sqrt(sum((v - 14.5) ** 2 for v in values) / 29 / 30)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * standard_error, rel=0.1)
    assert statistics.mean([3.0, 3.0]) == statistics.Interval(3, 3, 3)


def test_a_paired_difference_of_means_uses_the_pairs() -> None:
    first = [100.0 * n for n in range(20)]
    found = statistics.mean_difference(first, [value - 5 - (value % 3) for value in first])
    assert 5 < found.low < found.high < 7  # though the values themselves range over 2,000


def test_holm_by_hand() -> None:
    assert statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert statistics.holm([]) == []
    assert statistics.holm([0.9, 0.8]) == [1.0, 1.0]


def test_more_problems_show_smaller_differences() -> None:
    shown = [statistics.smallest_difference(n, 0.3) for n in (20, 80, 320)]
    assert shown[0] > shown[1] > shown[2]
    # Connor's own formula, forwards: so many pairs are needed for that difference.
    needed = (1.959964 * math.sqrt(0.3) + 0.841621 * math.sqrt(0.3 - shown[1] ** 2)) ** 2 / shown[1] ** 2
    assert needed == pytest.approx(80, rel=1e-4)


def test_a_difference_of_that_size_is_shown_as_often_as_said() -> None:
    rng = random.Random(3)
    pairs, discordant = 100, 0.3
    size = statistics.smallest_difference(pairs, discordant)
    found = 0
    for _ in range(200):
        draws = [rng.random() for _ in range(pairs)]
        won = sum(draw < (discordant + size) / 2 for draw in draws)
        lost = sum((discordant + size) / 2 <= draw < discordant for draw in draws)
        found += statistics.paired(*outcomes(0, won, lost, pairs - won - lost)).p_value < 0.05
    assert 0.68 <= found / 200 <= 0.9  # the exact test is a little cautious
