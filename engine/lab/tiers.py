"""Fast, Balanced, Thorough: chosen among measured candidates by a rule that can be said in three sentences.

Knows what candidates solved and spent on one set of problems. Does not know models or runs: who measured
them hands in counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.lab.statistics import Interval, share

FAST, BALANCED, THOROUGH = NAMES = ("fast", "balanced", "thorough")
CHAINS = 1.5  # what "fast" may spend, in mean tokens of one chain of thought
GAIN = 0.8  # of what lies between "fast" and "thorough", the part that "balanced" must have
RULE = (
    "Of the candidates that no other beats in both accuracy and mean tokens: Thorough is the most accurate. "
    f"Fast is the most accurate that spends at most {CHAINS:g} times the tokens of one chain of thought. "
    f"Balanced is the cheapest that has at least {GAIN:.0%} of the gain from Fast to Thorough."
)


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the 95th percentile of one quantity over the problems, and its mean."""

    mean: float
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A strategy under a budget, on one set of problems: how many it solved and what it spent.

    `tokens` are generated, discarded and the scorer's; `prompt_tokens` is their mean. `families` holds the
    tokens by task family. `tokens_per_second` is of runs that were alone on the machine, which is named where
    this is kept.
    """

    strategy: str
    params: dict[str, Any]
    max_tokens: int
    right: int
    problems: int
    tokens: Spread
    prompt_tokens: float
    tokens_per_second: float
    families: dict[str, Spread] = field(default_factory=dict)

    @property
    def accuracy(self) -> Interval:
        """The share solved, with its Wilson interval."""
        return share(self.right, self.problems)


def front(candidates: Sequence[Measured]) -> list[Measured]:
    """Those that no other beats in both accuracy and mean tokens, the cheapest first."""
    kept: list[Measured] = []
    for one in sorted(candidates, key=lambda one: (one.tokens.mean, -one.right)):
        if not kept or one.right > kept[-1].right:
            kept.append(one)
    return kept


def choose(candidates: Sequence[Measured], chain_tokens: float) -> dict[str, Measured]:
    """The tiers by `RULE`; `chain_tokens` is the mean of one chain of thought on the same problems.

    A tier that would be the same as a cheaper one is left out: then more thinking bought nothing that was
    measured. Raises ValueError without candidates, or where they were not measured on as many problems.
    """
    if not candidates:
        raise ValueError("no candidates, no tiers")
    if len({one.problems for one in candidates}) > 1:
        raise ValueError("candidates are compared on the same problems")
    points = front(candidates)
    thorough = points[-1]
    affordable = [one for one in points if one.tokens.mean <= CHAINS * chain_tokens]
    fast = affordable[-1] if affordable else points[0]
    enough = fast.right + GAIN * (thorough.right - fast.right)
    balanced = next(one for one in points if one.right >= enough)
    tiers: dict[str, Measured] = {}
    for name, one in zip(NAMES, (fast, balanced, thorough), strict=True):
        if not any(one is other for other in tiers.values()):
            tiers[name] = one
    return tiers
