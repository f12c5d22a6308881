"""What the field claims of inference-time scaling, each claim measured on the bundled models.

A claim is a generator: it yields the cells it needs, receives their outcomes, and returns what it comes to.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from engine.bench.claims.adapting import adapting
from engine.bench.claims.coverage import coverage
from engine.bench.claims.extended import extended
from engine.bench.claims.finding import Measuring
from engine.bench.claims.game_of_24 import game_of_24
from engine.bench.claims.judging import judging
from engine.bench.claims.plan import Plan
from engine.bench.claims.reasoning import reasoning
from engine.bench.claims.refining import refining
from engine.bench.claims.searching import searching
from engine.bench.claims.small_longer import small_longer
from engine.bench.claims.spending import spending
from engine.bench.claims.verifying import verifying
from engine.bench.claims.voting import voting

__all__ = ["CLAIMS", "Claim"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of the table: `says` is what is claimed, `how` what is compared (from the docstring)."""

    name: str
    title: str
    says: str
    how: str
    measure: Callable[[Plan], Measuring]


def _claim(measure: Callable[[Plan], Measuring], title: str, says: str) -> Claim:
    return Claim(measure.__name__, title, says, " ".join((inspect.getdoc(measure) or "").split()), measure)


CLAIMS: dict[str, Claim] = {
    claim.name: claim
    for claim in (
        _claim(reasoning, "Reasoning", "Reasoning beats answering at once by 50 points or more."),
        _claim(
            coverage,
            "Coverage",
            "64 samples cover 25 points more than one greedy chain, and coverage grows by a power law.",
        ),
        _claim(voting, "Voting", "16 votes beat one sample by 10 points or more."),
        _claim(
            verifying,
            "Verifying",
            "The process reward's choice beats the vote by 5 points, and closes 80 % of the gap to pass@16.",
        ),
        _claim(searching, "Searching", "A search beats best_of_n by 15 points at equal tokens."),
        _claim(game_of_24, "Game of 24", "mcts solves 95 % within 4,000 tokens, never trained on it."),
        _claim(refining, "Refining", "Repair beats its own first draft by 20 points or more."),
        _claim(
            extended, "Extended reasoning", "Made to think again, a chain mends some of its wrong answers."
        ),
        _claim(
            adapting,
            "Adaptive",
            "The accuracy of a uniform best_of_n 16, within a point, for 40 % of its tokens.",
        ),
        _claim(
            small_longer,
            "Small thinks longer",
            "A small model that thinks longer beats a large one that answers once, at equal FLOPs.",
        ),
        _claim(
            judging, "Process reward", "The process reward is calibrated, and tells the first wrong step."
        ),
        _claim(
            spending, "Where the budget is spent", "What every model solves of every family, by difficulty."
        ),
    )
}
