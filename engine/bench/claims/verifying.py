"""Verifying: a trained judge of steps over a vote, on the same samples."""

from __future__ import annotations

from engine.bench.claims.cells import set_in_words
from engine.bench.claims.finding import Chart, Finding, Measuring, Row
from engine.bench.claims.plan import Plan
from engine.bench.claims.reading import (
    RAW_BLOCKS,
    curve,
    passed,
    picked,
    points,
    ratio,
    side,
    signed,
    sizes,
    tokens_of,
)
from engine.bench.claims.sets import ARITHMETIC, COUNTDOWN, STORY
from engine.lab.statistics import Interval

SETS = (ARITHMETIC, STORY, COUNTDOWN)
CHOICES = 16
GAIN, CLOSED = 5.0, 80.0
WEIGHTED = "best_of_n, weighted,"


def verifying(plan: Plan) -> Measuring:
    """best_of_n with the process reward, self_consistency and pass@n of the same samples.

    Source: arXiv 2110.14168, 2305.20050. Beyond what the verifier can tell, more samples bring more wrong
    answers that it takes for right (arXiv 2210.10760): a row of its own. So has the vote that the reward
    weighs (arXiv 2206.02336, section 3.2), which no single estimate decides.
    """
    plan.need()
    plan.need_reward()
    rows: list[Row] = []
    charts = []
    pools = yield [plan.pool(sets) for sets in SETS]
    for sets, pool in zip(SETS, pools, strict=True):
        ns, label = sizes(pool), set_in_words(*sets[0])
        n, most = min(CHOICES, ns[-1]), ns[-1]
        chosen, voted, reachable = picked(pool, "best", n), picked(pool, "majority", n), passed(pool, n)
        is_spoken_of = sets is not COUNTDOWN
        note = "" if is_spoken_of else "stated only: the vote is weak here, so the gain says little"
        sides = (
            side(f"self_consistency {n}", voted, tokens_of(pool, n, is_scored=False)),
            side(f"best_of_n {n}, process reward", chosen, tokens_of(pool, n, is_scored=True)),
            side(f"pass@{n}", reachable, tokens_of(pool, n, is_scored=False)),
        )
        rows.append(
            Row(
                label,
                f"best_of_n {n} − self_consistency {n}",
                "points",
                points(chosen, voted),
                len(pool),
                GAIN if is_spoken_of else None,
                sides=sides,
                note=note,
            )
        )
        weighed = picked(pool, "weighted", n)
        rows.append(
            Row(
                label,
                f"{WEIGHTED} {n} − self_consistency {n}",
                "points",
                points(weighed, voted),
                len(pool),
                sides=(side(f"{WEIGHTED} {n}", weighed, tokens_of(pool, n, is_scored=True)),),
                note="stated only: the process reward's estimates as weights of the same vote",
            )
        )
        closed = ratio(_less(chosen, voted), _less(reachable, voted))
        if closed is not None:
            rows.append(
                Row(
                    label,
                    f"gap from the vote to pass@{n} closed",
                    "%",
                    _percent(closed),
                    len(pool),
                    CLOSED if is_spoken_of else None,
                    note=note,
                )
            )
        if most > n:
            left = points(_less(passed(pool, most), picked(pool, "best", most)), _less(reachable, chosen))
            rows.append(
                Row(
                    label,
                    f"best_of_n {most} − best_of_n {n}",
                    "points",
                    points(picked(pool, "best", most), chosen),
                    len(pool),
                    note=f"past the verifier's reach: what is covered but not chosen grows by {signed(left)} "
                    "points",
                )
            )
        charts.append(
            Chart(
                f"verifying-{sets[0][0]}",
                f"Voting, verifying and coverage: {label}",
                "samples a problem, n",
                "problems solved, %",
                (
                    curve("pass@n (some sample is right)", ns, [passed(pool, k) for k in ns], is_dashed=True),
                    curve("best_of_n, process reward", ns, [picked(pool, "best", k) for k in ns]),
                    curve("weighted vote", ns, [picked(pool, "weighted", k) for k in ns]),
                    curve("self_consistency", ns, [picked(pool, "majority", k) for k in ns]),
                ),
                is_log_x=True,
                raw_is=RAW_BLOCKS,
            )
        )
    gains = [row for row in rows if row.target == GAIN]
    said = " and ".join(f"{signed(row.found)} points on {row.label.split(',')[0]}" for row in gains)
    return Finding(
        tuple(rows),
        tuple(charts),
        f"Of the same {CHOICES} samples, the process reward's choice is {said} above the vote.",
    )


def _less(first: list[float], second: list[float]) -> list[float]:
    return [a - b for a, b in zip(first, second, strict=True)]


def _percent(found: Interval) -> Interval:
    return Interval(100 * found.value, 100 * found.low, 100 * found.high)
