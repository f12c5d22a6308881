"""Who gets how much: one total budget shared out over a set of questions.

Knows curves of success against tokens, and how to share tokens by their marginal gain. Does not know runs or
models: curves come from measured outcomes (`measured_curve`), one for each difficulty. Source: Damani et al.
2024 (arXiv 2410.04707), who share samples greedily by predicted marginal reward; greedy is optimal for curves
that gain less and less (Fox 1966), and curves that do not are followed by their upper hull.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.lab.pass_at_k import pass_at

K = TypeVar("K", bound=Hashable)
"""What names a difficulty."""

ROUNDING = 1e-12  # slopes closer than this are the same


@dataclass(frozen=True, slots=True)
class Curve:
    """Expected success against tokens spent: `tokens` rises from 0, and `success` in [0, 1] never falls.

    Only these points can be bought: a question whose allowance lies between two gets the lower.
    """

    tokens: tuple[float, ...]
    success: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.tokens or len(self.tokens) != len(self.success):
            raise ValueError("a curve needs one success for each number of tokens")
        if self.tokens[0] != 0 or any(a >= b for a, b in zip(self.tokens, self.tokens[1:], strict=False)):
            raise ValueError("a curve's tokens rise from 0")
        if any(a > b for a, b in zip(self.success, self.success[1:], strict=False)):
            raise ValueError("a curve's success never falls with tokens")

    def at(self, tokens: float) -> float:
        """The success that so many tokens buy."""
        return self.success[bisect_right(self.tokens, tokens) - 1]

    def hull(self) -> list[int]:
        """The points on the curve's upper concave hull, as indices from 0 on: the ones worth buying."""
        kept: list[int] = []
        for i in range(len(self.tokens)):
            while len(kept) >= 2 and self._slope(kept[-2], kept[-1]) < self._slope(kept[-1], i) - ROUNDING:
                kept.pop()
            kept.append(i)
        while len(kept) >= 2 and self._slope(kept[-2], kept[-1]) <= ROUNDING:
            kept.pop()
        return kept

    def _slope(self, a: int, b: int) -> float:
        return (self.success[b] - self.success[a]) / (self.tokens[b] - self.tokens[a])


@dataclass(frozen=True, slots=True)
class Allocation:
    """Tokens for each question, in order, and what they are expected to bring: the mean success."""

    tokens: tuple[float, ...]
    success: float

    @property
    def total_tokens(self) -> float:
        return math.fsum(self.tokens)


def measured_curve(trials: Sequence[tuple[int, int]], tokens_per_sample: float, most: int) -> Curve:
    """Coverage against tokens of one difficulty: the unbiased pass@k for k = 0 … `most`, mean over questions.

    `trials` holds (samples drawn, samples right) for each question measured; each must have at least `most`
    samples. Source: Chen et al. 2021 (arXiv 2107.03374, section 2.1).
    """
    if not trials or any(not 0 <= right <= drawn or drawn < most for drawn, right in trials):
        raise ValueError(f"every question needs at least {most} samples, and no more right than drawn")
    means = [
        math.fsum(pass_at(k, drawn, right) for drawn, right in trials) / len(trials) for k in range(most + 1)
    ]
    # Rounding may make a mean fall by an ulp.
    success = [max(means[: k + 1]) for k in range(most + 1)]
    return Curve(tuple(k * tokens_per_sample for k in range(most + 1)), tuple(success))


def by_marginal_gain(difficulties: Sequence[K], curves: Mapping[K, Curve], total_tokens: float) -> Allocation:
    """Give the next tokens to whoever gains most from them a token, until none can be paid for.

    Each question goes up the upper hull of its difficulty's curve. Ties go to the first question. A step that
    the rest cannot pay for is passed over, and the rest offered to the next.
    """
    hulls = {name: curve.hull() for name, curve in curves.items()}
    at = [0] * len(difficulties)  # each question's place on its hull
    left = float(total_tokens)
    offers: list[tuple[float, int]] = []

    def offer(question: int) -> None:
        step = _step(curves[difficulties[question]], hulls[difficulties[question]], at[question])
        if step is not None:
            heapq.heappush(offers, (-step[1] / step[0], question))

    for question in range(len(difficulties)):
        offer(question)
    while offers:
        _, question = heapq.heappop(offers)
        step = _step(curves[difficulties[question]], hulls[difficulties[question]], at[question])
        assert step is not None
        if step[0] <= left:
            left -= step[0]
            at[question] += 1
            offer(question)
    tokens = tuple(
        curves[name].tokens[hulls[name][place]] for name, place in zip(difficulties, at, strict=True)
    )
    return Allocation(tokens, expected(difficulties, curves, tokens))


def _step(curve: Curve, hull: Sequence[int], place: int) -> tuple[float, float] | None:
    """(tokens, gain) of the next point of the hull; None at its end."""
    if place + 1 >= len(hull):
        return None
    here, there = hull[place], hull[place + 1]
    return curve.tokens[there] - curve.tokens[here], curve.success[there] - curve.success[here]


def uniformly(difficulties: Sequence[K], curves: Mapping[K, Curve], total_tokens: float) -> Allocation:
    """The same allowance for every question; what a question cannot use is not passed on."""
    share = total_tokens / len(difficulties) if difficulties else 0.0
    tokens = tuple(curves[name].tokens[bisect_right(curves[name].tokens, share) - 1] for name in difficulties)
    return Allocation(tokens, expected(difficulties, curves, tokens))


def expected(difficulties: Sequence[K], curves: Mapping[K, Curve], tokens: Sequence[float]) -> float:
    """The mean success over the questions; 0 where there are none."""
    if not difficulties:
        return 0.0
    bought = (curves[name].at(spent) for name, spent in zip(difficulties, tokens, strict=True))
    return math.fsum(bought) / len(difficulties)
