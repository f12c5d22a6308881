"""How good the process reward is: calibrated, and able to tell the first wrong step from right ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from engine.bench.claims.cells import set_in_words
from engine.bench.claims.finding import Chart, Finding, Measuring, Point, Row, Series
from engine.bench.claims.outcomes import Outcome
from engine.bench.claims.plan import Plan
from engine.bench.claims.sets import ARITHMETIC, STORY
from engine.lab.calibration import area_under_curve, expected_error, reliability
from engine.lab.statistics import Interval, share

SETS = (ARITHMETIC, STORY)
ERROR, AREA = 0.05, 0.95
RESAMPLES = 200

Judged = list[tuple[float, bool]]
"""(the reward's estimate, whether all was right so far) of steps."""


def judging(plan: Plan) -> Measuring:
    """The process reward's estimates of the model's own steps, against the exact step checkers.

    Calibration is over every step and answer. The area under the curve is over the steps up to the first
    wrong one: after that, all are wrong, and to know it is easy. Source: arXiv 2305.20050; arXiv 1706.04599.
    """
    plan.need()
    plan.need_reward()
    rows, lines = [], []
    pools = yield [plan.pool(sets) for sets in SETS]
    for sets, pool in zip(SETS, pools, strict=True):
        label = set_in_words(*sets[0])
        steps = [_all_steps(one) for one in pool]
        first = [_up_to_the_first_wrong(one) for one in pool]
        count = sum(map(len, steps))
        note = f"{count:,} steps of {sum(len(one.drafts) for one in pool):,} samples"
        rows += [
            Row(
                label,
                "expected calibration error",
                "in [0, 1]",
                _over(steps, expected_error),
                len(pool),
                ERROR,
                is_ceiling=True,
                note=note,
            ),
            Row(
                label,
                "area under the curve, first wrong step",
                "in [0, 1]",
                _over(first, area_under_curve),
                len(pool),
                AREA,
                note=f"{sum(map(len, first)):,} steps up to the first wrong one",
            ),
        ]
        lines.append(_reliability(label, list(itertools.chain.from_iterable(steps))))
    perfect = Series("perfectly calibrated", (Point(0, 0, 0, 0), Point(1, 1, 1, 1)), is_dashed=True)
    chart = Chart(
        "judging",
        "Is the process reward to be trusted?",
        "estimated chance that all is right so far",
        "share of such steps that were",
        (*lines, perfect),
    )
    errors, areas = rows[::2], rows[1::2]
    return Finding(
        tuple(rows),
        (chart,),
        "The process reward is off by "
        + " and ".join(f"{row.found.value:.3f} on {row.label.split(',')[0]}" for row in errors)
        + " on the mean, and ranks right steps above the first wrong one with "
        + " and ".join(f"{row.found.value:.3f}" for row in areas)
        + ".",
    )


def _all_steps(one: Outcome) -> Judged:
    return [step for draft in one.drafts for step in draft.steps]


def _up_to_the_first_wrong(one: Outcome) -> Judged:
    found: Judged = []
    for draft in one.drafts:
        for estimate, is_right in draft.steps:
            found.append((estimate, is_right))
            if not is_right:
                break
    return found


def _over(
    by_problem: Sequence[Judged], measure: Callable[[Sequence[float], Sequence[bool]], float]
) -> Interval:
    """A measure of all steps together, with its percentile bootstrap interval over problems."""
    parts = [np.array(steps, dtype=float).reshape(-1, 2) for steps in by_problem]

    def of(chosen: Sequence[int]) -> float:
        steps = np.concatenate([parts[i] for i in chosen])
        return measure(steps[:, 0].tolist(), (steps[:, 1] == 1).tolist())

    value = of(range(len(parts)))
    rng = np.random.default_rng(0)
    found = [of(rng.integers(0, len(parts), len(parts)).tolist()) for _ in range(RESAMPLES)]
    told = [one for one in found if one == one]  # without the resamples that saw one kind of step only
    low, high = np.quantile(told, [0.025, 0.975]) if told else (value, value)
    return Interval(value, min(float(low), value), max(float(high), value))


def _reliability(label: str, steps: Judged) -> Series:
    made = []
    for one in reliability([p for p, _ in steps], [t for _, t in steps]):
        found = share(round(one.true * one.count), one.count)
        made.append(Point(round(one.estimated, 4), found.value, found.low, found.high))
    return Series(label, tuple(made))
