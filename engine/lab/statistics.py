"""What measured outcomes allow one to say: intervals, paired tests, and when there is too little to say.

Knows numbers only. Does not know runs, strategies or pages; the words for a verdict are theirs. All
intervals are of 95 % unless asked otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95
MIN_PAIRS = 20
"""Fewer problems than this allow no verdict: half a dozen lucky ones would decide it."""

RESAMPLES = 9999


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the range that the data leave open, in the estimate's own unit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Paired:
    """Two ways over the same problems: what each alone solved, and the difference of their shares.

    `difference` is first minus second, in [-1, 1]. `p_value` is that of the exact McNemar test.
    """

    pairs: int
    only_first: int
    only_second: int
    difference: Interval
    p_value: float

    @property
    def is_enough(self) -> bool:
        """Whether there are problems enough for any verdict."""
        return self.pairs >= MIN_PAIRS


def share(successes: int, trials: int, level: float = LEVEL) -> Interval:
    """A share of successes with its Wilson score interval, in [0, 1]. Raises ValueError without trials.

    Source: Wilson 1927, through scipy.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials make no share")
    found = stats.binomtest(successes, trials).proportion_ci(level, method="wilson")
    value = successes / trials
    # Rounding may leave the ends an ulp outside.
    return Interval(value, min(float(found.low), value), max(float(found.high), value))


def paired(first: Sequence[bool], second: Sequence[bool], level: float = LEVEL) -> Paired:
    """Compare two lists of outcomes, place by place of the same problem. Raises ValueError for unequal lists.

    The test is McNemar's, exact: of the problems that only one solved, half should be either's if there were
    no difference. The interval is Bonett and Price's, which stays open where a bootstrap would have none to
    resample. Sources: McNemar 1947; Bonett & Price 2012 (doi 10.3102/1076998611411915).
    """
    if len(first) != len(second) or not first:
        raise ValueError("a paired comparison needs two lists of the same problems")
    n = len(first)
    only_first = sum(1 for a, b in zip(first, second, strict=True) if a and not b)
    only_second = sum(1 for a, b in zip(first, second, strict=True) if b and not a)
    p = 1.0 if only_first + only_second == 0 else _sign_test(only_first, only_first + only_second)
    up, down = (only_first + 1) / (n + 2), (only_second + 1) / (n + 2)
    reach = _z(level) * math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    value = (only_first - only_second) / n
    low, high = max(-1.0, up - down - reach), min(1.0, up - down + reach)
    return Paired(n, only_first, only_second, Interval(value, min(low, value), max(high, value)), p)


def _sign_test(won: int, decided: int) -> float:
    return float(stats.binomtest(won, decided, 0.5).pvalue)


def _z(level: float) -> float:
    return float(stats.norm.ppf(0.5 + level / 2))


def mean(values: Sequence[float], level: float = LEVEL, seed: int = 0) -> Interval:
    """The mean with its bootstrap interval; the same seed gives the same interval.

    One value, or all the same, leave nothing to resample: then both ends are the mean. Raises ValueError for
    no values. Source: Efron 1987 (bias-corrected and accelerated), through scipy.
    """
    if not values:
        raise ValueError("no values, no mean")
    data = np.asarray(values, dtype=float)
    value = float(data.mean())
    if len(data) < 2 or np.ptp(data) == 0:
        return Interval(value, value, value)
    found = stats.bootstrap(
        (data,), np.mean, confidence_level=level, n_resamples=RESAMPLES, rng=np.random.default_rng(seed)
    ).confidence_interval
    return Interval(value, min(float(found.low), value), max(float(found.high), value))


def mean_difference(
    first: Sequence[float], second: Sequence[float], level: float = LEVEL, seed: int = 0
) -> Interval:
    """Mean of first minus second over the same problems, with its paired bootstrap interval."""
    if len(first) != len(second):
        raise ValueError("a paired comparison needs two lists of the same problems")
    return mean([a - b for a, b in zip(first, second, strict=True)], level, seed)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for how many there are, in their order, in [0, 1]. Source: Holm 1979."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = highest
    return adjusted


def smallest_difference(pairs: int, discordant: float, level: float = LEVEL, power: float = 0.8) -> float:
    """The difference of two shares that so many pairs would show with that power, in [0, 1].

    `discordant` is the share of problems that only one of the two solved, in [0, 1]; with none seen, one
    problem is taken, since none seen is not none. Source: Connor 1987 (doi 10.2307/2531961), solved for the
    difference.
    """
    if pairs < 1:
        raise ValueError("no pairs, no difference to show")
    rate = max(discordant, 1 / pairs)
    z, z_power = _z(level), float(stats.norm.ppf(power))

    def reached(difference: float) -> float:
        spread = math.sqrt(max(0.0, rate - difference**2))
        return (z * math.sqrt(rate) + z_power * spread) / math.sqrt(pairs)

    low, high = 0.0, 1.0
    for _ in range(60):  # what is reached falls as the difference rises, so they meet once
        middle = (low + high) / 2
        low, high = (middle, high) if reached(middle) > middle else (low, middle)
    return high
