"""Adaptive allocation: the same accuracy for fewer tokens, by spending where it is hard."""

from __future__ import annotations

from engine.bench.claims.finding import Chart, Finding, Measuring, Point, Row, Series
from engine.bench.claims.outcomes import REWARD, Outcome
from engine.bench.claims.plan import SAMPLE_TEMPERATURE, Plan
from engine.bench.claims.reading import RAW_BLOCKS, curve, points, ratio, rights, side, signed, tokens, where
from engine.bench.claims.sets import MIXED
from engine.lab.statistics import Interval, mean

SAMPLES = 16
PROBE, FRUGAL = 3, 6  # probes, and answers after them at most: set on problems that may be trained on
ACCURACY, TOKENS = -1.0, 40.0


def adapting(plan: Plan) -> Measuring:
    """adaptive over uniform best_of_n 16, easy and hard problems mixed. Source: arXiv 2408.03314.

    The claim is about a frugal `adaptive`, of a few probes and half as many answers after them; with its own
    4 and 16 it buys accuracy instead, and stands beside it. It may repair, and then hears the problem's own
    check, which best_of_n does not.
    """
    plan.need()
    plan.need_reward()
    reward = {"scorer": REWARD, "temperature": SAMPLE_TEMPERATURE}
    uniform, frugal, full = yield [
        plan.cell("best_of_n", MIXED, n=SAMPLES, **reward),
        plan.cell("adaptive", MIXED, probe=PROBE, most=FRUGAL, **reward),
        plan.cell("adaptive", MIXED, **reward),
    ]
    name = f"adaptive, {PROBE} probes, {FRUGAL} more at most"
    base = side(f"best_of_n {SAMPLES}", rights(uniform), tokens(uniform))
    frugal_sides = (base, side(name, rights(frugal), tokens(frugal)))
    full_sides = (base, side("adaptive", rights(full), tokens(full)))
    share, difference = _share(frugal, uniform), points(rights(frugal), rights(uniform))
    label = "all families, mixed"
    rows = (
        Row(
            label,
            f"{name} − best_of_n {SAMPLES}",
            "points",
            difference,
            len(uniform),
            ACCURACY,
            sides=frugal_sides,
            note="the same accuracy: at most 1 point below; its repairs hear the problem's check",
        ),
        Row(
            label,
            f"{name}: tokens of best_of_n {SAMPLES}'s",
            "%",
            share,
            len(uniform),
            TOKENS,
            is_ceiling=True,
            sides=frugal_sides,
        ),
        Row(
            label,
            f"adaptive as it comes − best_of_n {SAMPLES}",
            "points",
            points(rights(full), rights(uniform)),
            len(uniform),
            sides=full_sides,
        ),
        Row(
            label,
            f"adaptive as it comes: tokens of best_of_n {SAMPLES}'s",
            "%",
            _share(full, uniform),
            len(uniform),
            sides=full_sides,
        ),
    )
    tasks = [task for task, _ in MIXED]
    found = {f"best_of_n {SAMPLES}": uniform, name: frugal, "adaptive": full}
    charts = (
        Chart(
            "adaptive",
            "Adaptive against uniform: what is solved",
            "family, easy and hard mixed",
            "problems solved, %",
            tuple(
                curve(who, tasks, [_of(one, task, rights(one)) for task in tasks], is_line=False)
                for who, one in found.items()
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
                    who,
                    tuple(_mean(task, _of(one, task, _spent(one))) for task in tasks),
                    tuple((task, spent) for task in tasks for spent in _of(one, task, _spent(one))),
                    is_line=False,
                )
                for who, one in found.items()
            ),
            raw_is="each small dot is a problem",
        ),
    )
    return Finding(
        rows,
        charts,
        f"{name}, is {signed(difference)} points from best_of_n {SAMPLES} with {share.value:.0f} % "
        f"({share.low:.0f} to {share.high:.0f}) of its tokens.",
    )


def _share(outcomes: list[Outcome], uniform: list[Outcome]) -> Interval:
    """Tokens in percent of the uniform split's."""
    share = ratio(_spent(outcomes), _spent(uniform))
    assert share is not None
    return Interval(100 * share.value, 100 * share.low, 100 * share.high)


def _spent(outcomes: list[Outcome]) -> list[float]:
    return [float(one.spent_tokens) for one in outcomes]


def _of(outcomes: list[Outcome], task: str, values: list[float]) -> list[float]:
    return where(outcomes, lambda one: one.task == task, values)


def _mean(task: str, spent: list[float]) -> Point:
    found = mean(spent)
    return Point(task, found.value, found.low, found.high)
