"""What a batch shows: for each part of the budget and each lane how much was solved, and what it cost.

Knows outcomes and intervals. Only problems on which every lane has an outcome are counted, so that lanes are
always compared over the same ones. Does not know words or figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from app.batch_outcomes import Outcome
from app.compare_plan import Plan
from engine.lab.statistics import Interval, share

MEASURES = ("tokens", "seconds", "gflops", "usd")
"""What a run costs, each a field of Outcome."""


@dataclass(frozen=True, slots=True)
class LaneResult:
    """One lane at one part of the budget, over the counted problems.

    `solved` and `found` are shares in [0, 1]; found counts problems where some finished answer was right,
    whichever was selected. Costs are means for each problem, `seconds` is the median.
    """

    solved: Interval
    found: Interval
    tokens: float
    seconds: float
    gflops: float
    usd: float


@dataclass(frozen=True, slots=True)
class PartResult:
    """One part of the budget. `lanes` is empty while no problem is complete."""

    part: float
    counted: tuple[int, ...]  # problems, by their place in the plan
    lanes: tuple[LaneResult, ...]


def rows(plan: Plan, outcomes: Sequence[Outcome], part: int) -> dict[int, list[Outcome]]:
    """The complete problems at a part of the budget: one outcome a lane, none of them failed."""
    found: dict[int, dict[int, Outcome]] = {}
    for one in outcomes:
        problem, at, lane = plan.place(one.cell)
        if at == part and one.is_correct is not None:
            found.setdefault(problem, {})[lane] = one
    full = len(plan.lanes)
    return {
        problem: [lanes[lane] for lane in range(full)]
        for problem, lanes in sorted(found.items())
        if len(lanes) == full
    }


def results(plan: Plan, outcomes: Sequence[Outcome]) -> list[PartResult]:
    """Every part of the budget, smallest first."""
    found = []
    for part, share_of_budget in enumerate(plan.parts):
        complete = rows(plan, outcomes, part)
        columns = list(zip(*complete.values(), strict=True)) if complete else []
        found.append(PartResult(share_of_budget, tuple(complete), tuple(_lane(column) for column in columns)))
    return found


def _lane(column: Sequence[Outcome]) -> LaneResult:
    return LaneResult(
        solved=share(sum(bool(one.is_correct) for one in column), len(column)),
        found=share(sum(bool(one.is_found) for one in column), len(column)),
        tokens=fmean(one.tokens for one in column),
        seconds=median(one.seconds for one in column),
        gflops=fmean(one.gflops for one in column),
        usd=fmean(one.usd for one in column),
    )
