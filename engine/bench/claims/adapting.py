"""Adaptive allocation: the same accuracy for fewer tokens, by spending where it is hard."""

from __future__ import annotations

from engine.bench.claims.finding import Chart, Finding, Measuring, Point, Row, Series
from engine.bench.claims.outcomes import REWARD, Outcome
from engine.bench.claims.plan import SAMPLE_TEMPERATURE, Plan
from engine.bench.claims.reading import RAW_BLOCKS, curve, points, ratio, rights, side, signed, tokens, where
from engine.bench.claims.sets import MIXED
from engine.lab.statistics import Interval, mean

SAMPLES = 16
ACCURACY, TOKENS = -1.0, 40.0


def adapting(plan: Plan) -> Measuring:
    """adaptive over uniform best_of_n 16, easy and hard problems mixed. Source: arXiv 2408.03314."""
    plan.need()
    plan.need_reward()
    uniform, adaptive = yield [
        plan.cell("best_of_n", MIXED, n=SAMPLES, scorer=REWARD, temperature=SAMPLE_TEMPERATURE),
        plan.cell("adaptive", MIXED, scorer=REWARD, temperature=SAMPLE_TEMPERATURE),
    ]
    sides = (
        side(f"best_of_n {SAMPLES}", rights(uniform), tokens(uniform)),
        side("adaptive", rights(adaptive), tokens(adaptive)),
    )
    share = ratio(_spent(adaptive), _spent(uniform))
    assert share is not None
    share = Interval(100 * share.value, 100 * share.low, 100 * share.high)
    difference = points(rights(adaptive), rights(uniform))
    rows = (
        Row(
            "all families, mixed",
            f"adaptive − best_of_n {SAMPLES}",
            "points",
            difference,
            len(uniform),
            ACCURACY,
            sides=sides,
            note="the same accuracy: at most 1 point below",
        ),
        Row(
            "all families, mixed",
            f"adaptive's tokens of best_of_n {SAMPLES}'s",
            "%",
            share,
            len(uniform),
            TOKENS,
            is_ceiling=True,
            sides=sides,
        ),
    )
    tasks = [task for task, _ in MIXED]
    found = {f"best_of_n {SAMPLES}": uniform, "adaptive": adaptive}
    charts = (
        Chart(
            "adaptive",
            "Adaptive against uniform: what is solved",
            "family, easy and hard mixed",
            "problems solved, %",
            tuple(
                curve(name, tasks, [_of(one, task, rights(one)) for task in tasks], is_line=False)
                for name, one in found.items()
            ),
            raw_is=RAW_BLOCKS,
        ),
        Chart(
            "adaptive-tokens",
            "Adaptive against uniform: what it costs",
            "family, easy and hard mixed",
            "tokens spent a problem, scorer's included",
            tuple(
                Series(
                    name,
                    tuple(_mean(task, _of(one, task, _spent(one))) for task in tasks),
                    tuple((task, spent) for task in tasks for spent in _of(one, task, _spent(one))),
                    is_line=False,
                )
                for name, one in found.items()
            ),
            raw_is="each small dot is a problem",
        ),
    )
    return Finding(
        rows,
        charts,
        f"adaptive is {signed(difference)} points from best_of_n {SAMPLES} with {share.value:.0f} % "
        f"({share.low:.0f} to {share.high:.0f}) of its tokens.",
    )


def _spent(outcomes: list[Outcome]) -> list[float]:
    return [float(one.spent_tokens) for one in outcomes]


def _of(outcomes: list[Outcome], task: str, values: list[float]) -> list[float]:
    return where(outcomes, lambda one: one.task == task, values)


def _mean(task: str, spent: list[float]) -> Point:
    found = mean(spent)
    return Point(task, found.value, found.low, found.high)
