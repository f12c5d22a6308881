"""Voting: the majority of many samples over one of them."""

from __future__ import annotations

from engine.bench.claims.cells import set_in_words
from engine.bench.claims.finding import Chart, Finding, Measuring, Row
from engine.bench.claims.plan import Plan
from engine.bench.claims.reading import (
    RAW_BLOCKS,
    curve,
    picked,
    points,
    side,
    signed,
    single,
    sizes,
    tokens_of,
)
from engine.bench.claims.sets import ARITHMETIC, COUNTDOWN, STORY

SETS = (ARITHMETIC, STORY, COUNTDOWN)
VOTES = 16
TARGET = 10.0
NEGATIVE = "no gain is expected: right answers differ in form, so they do not add up, and wrong ones may"


def voting(plan: Plan) -> Measuring:
    """self_consistency over one sample at the same temperature, 0.8. Source: arXiv 2203.11171."""
    plan.need()
    rows, lines = [], []
    pools = yield [plan.pool(sets) for sets in SETS]
    for sets, pool in zip(SETS, pools, strict=True):
        is_negative = sets is COUNTDOWN
        votes = min(VOTES, sizes(pool)[-1])
        voted = picked(pool, "majority", votes)
        label = set_in_words(*sets[0])
        rows.append(
            Row(
                label,
                f"self_consistency {votes} − one sample",
                "points",
                points(voted, single(pool)),
                len(pool),
                None if is_negative else TARGET,
                sides=(
                    side("one sample", single(pool), tokens_of(pool, 1, is_scored=False)),
                    side(f"self_consistency {votes}", voted, tokens_of(pool, votes, is_scored=False)),
                ),
                note=NEGATIVE if is_negative else "",
            )
        )
        lines.append(curve(label, sizes(pool), [picked(pool, "majority", n) for n in sizes(pool)]))
    chart = Chart(
        "voting",
        "Voting: the majority of n samples",
        "samples a problem, n",
        "problems solved, %",
        tuple(lines),
        is_log_x=True,
        raw_is=RAW_BLOCKS,
    )
    *gains, lost = rows
    said = " and ".join(f"{signed(row.found)} points on {row.label.split(',')[0]}" for row in gains)
    return Finding(
        tuple(rows),
        (chart,),
        f"{VOTES} votes gain {said} over one sample; on countdown, where right answers differ in form, "
        f"{signed(lost.found)}.",
    )
