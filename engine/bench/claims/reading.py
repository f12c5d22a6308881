"""Reading outcomes: shares and differences with their intervals, curves over samples, and raw points.

Knows outcomes and estimators. Does not know any claim. Intervals are bootstrapped over problems; where all
problems came out alike there is nothing to resample, and the exact interval of a share is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from engine.bench.claims.finding import Point, Series, Side
from engine.bench.claims.outcomes import Outcome
from engine.lab import statistics
from engine.lab.pass_at_k import coverage
from engine.lab.statistics import Interval

BLOCK = 20
RAW_BLOCKS = f"each small dot is {BLOCK} problems"

Values = Sequence[float]
"""One number a problem; for success in [0, 1]."""


def rights(outcomes: Sequence[Outcome]) -> list[float]:
    """1 where the run's answer was right, else 0."""
    return [float(one.is_right) for one in outcomes]


def picked(outcomes: Sequence[Outcome], rule: str, n: int) -> list[float]:
    """For each problem the share of its groups of n drafts in which the rule chooses a right one."""
    return [sum(one.picks[f"{rule}@{n}"]) / len(one.picks[f"{rule}@{n}"]) for one in outcomes]


def single(outcomes: Sequence[Outcome]) -> list[float]:
    """For each problem the share of its drafts that are right: the chance of one sample."""
    return passed(outcomes, 1)


def passed(outcomes: Sequence[Outcome], k: int) -> list[float]:
    """The unbiased pass@k of each problem."""
    return coverage(trials(outcomes), [k])[:, 0].tolist()


def trials(outcomes: Sequence[Outcome]) -> list[tuple[int, int]]:
    """(samples drawn, samples right) of each problem."""
    return [(len(one.drafts), sum(draft.is_right for draft in one.drafts)) for one in outcomes]


def sizes(outcomes: Sequence[Outcome]) -> list[int]:
    """1, 2, 4 … as far as every problem has samples."""
    most = min(len(one.drafts) for one in outcomes)
    return [2**i for i in range(int(math.log2(most)) + 1)] if most else []


def percent(values: Values) -> Interval:
    """The mean of shares in [0, 1], in percent."""
    if len(set(values)) == 1 and values[0] in (0.0, 1.0):
        return _times(100, statistics.share(int(sum(values)), len(values)))
    return _times(100, statistics.mean(values))


def points(first: Values, second: Values) -> Interval:
    """First minus second over the same problems, in percentage points."""
    if len({a - b for a, b in zip(first, second, strict=True)}) == 1 and _are_binary(first, second):
        return _times(100, statistics.paired([a == 1 for a in first], [b == 1 for b in second]).difference)
    return _times(100, statistics.mean_difference(first, second))


def ratio(above: Values, below: Values, seed: int = 0) -> Interval | None:
    """The ratio of the sums, with its percentile bootstrap interval over problems; None where it is of 0."""
    over, under = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    if abs(under.sum()) < 1e-12:
        return None
    value = float(over.sum() / under.sum())
    drawn = np.random.default_rng(seed).integers(0, len(over), (2000, len(over)))
    sums = under[drawn].sum(axis=1)
    is_told = np.abs(sums) > 1e-12
    found = over[drawn].sum(axis=1)[is_told] / sums[is_told]
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(value, min(float(low), value), max(float(high), value))


def _times(factor: float, found: Interval) -> Interval:
    return Interval(factor * found.value, factor * found.low, factor * found.high)


def _are_binary(*lists: Values) -> bool:
    return all(value in (0.0, 1.0) for values in lists for value in values)


def tokens(outcomes: Sequence[Outcome]) -> float:
    """Mean tokens a problem, the scorer's included."""
    return sum(one.spent_tokens for one in outcomes) / len(outcomes)


def tokens_of(outcomes: Sequence[Outcome], n: int, *, is_scored: bool) -> float:
    """Mean tokens of n of a pool's samples, with the scorer's share of them where their scores are used."""
    return sum(
        (one.generated_tokens + is_scored * one.scorer_tokens) * n / max(1, len(one.drafts))
        for one in outcomes
    ) / len(outcomes)


def side(name: str, values: Values, spent: float) -> Side:
    """One side of a comparison."""
    return Side(name, percent(values), round(spent, 1))


def blocks(values: Values) -> list[float]:
    """The mean of each 20 neighbouring problems, in percent; a last part of fewer than ten is left out."""
    parts = [values[at : at + BLOCK] for at in range(0, len(values), BLOCK)]
    return [100 * sum(part) / len(part) for part in parts if len(part) >= min(BLOCK // 2, len(values))]


def curve(
    name: str,
    xs: Iterable[float | str],
    values_of: Iterable[Values],
    *,
    is_line: bool = True,
    is_dashed: bool = False,
) -> Series:
    """A series of shares in percent, with raw points in blocks."""
    made, raw = [], []
    for x, values in zip(xs, values_of, strict=True):
        found = percent(values)
        made.append(Point(x, found.value, found.low, found.high))
        raw += [(x, value) for value in blocks(values)]
    return Series(name, tuple(made), tuple(raw), is_line, is_dashed)


def where(outcomes: Sequence[Outcome], keep: Callable[[Outcome], bool], values: Values) -> list[float]:
    """The values of the problems that `keep` keeps."""
    return [value for one, value in zip(outcomes, values, strict=True) if keep(one)]


def signed(found: Interval) -> str:
    """ "+12.5 (+10.1 to +15.0)", with true minus signs."""
    return f"{found.value:+.1f} ({found.low:+.1f} to {found.high:+.1f})".replace("-", "−")
