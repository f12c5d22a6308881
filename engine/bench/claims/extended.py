"""Extended reasoning: one chain that is made to think again."""

from __future__ import annotations

from engine.bench.claims.cells import set_in_words
from engine.bench.claims.finding import Chart, Finding, Measuring, Row
from engine.bench.claims.plan import Plan
from engine.bench.claims.reading import (
    RAW_BLOCKS,
    curve,
    percent,
    points,
    rights,
    side,
    signed,
    tokens,
)
from engine.bench.claims.sets import ARITHMETIC, STORY

SETS = (ARITHMETIC, STORY)
WAITS = (0, 1, 2)
FEW = 10  # wrong first answers, below which nothing is said


def extended(plan: Plan) -> Measuring:
    """budget_forcing with 1 and 2 waits over none, at temperature 0. Source: arXiv 2501.19393.

    The claim speaks of the problems whose first answer is wrong: there the gain is the share that the wait
    mends. What it spoils of the right ones is in the row of all problems.
    """
    plan.need()
    rows, lines, said = [], [], []
    all_measured = yield [plan.cell("budget_forcing", sets, waits=waits) for sets in SETS for waits in WAITS]
    for place, sets in enumerate(SETS):
        measured = all_measured[place * len(WAITS) :][: len(WAITS)]
        none, label = measured[0], set_in_words(*sets[0])
        wrong = [not one.is_right for one in none]
        for waits, found in list(zip(WAITS, measured, strict=True))[1:]:
            many = f"{waits} wait{'s' if waits > 1 else ''}"
            mended = [right for right, is_wrong in zip(rights(found), wrong, strict=True) if is_wrong]
            if len(mended) >= FEW:
                rows.append(
                    Row(
                        label,
                        f"{many}, where the first answer is wrong",
                        "points",
                        percent(mended),
                        len(mended),
                        0.0,
                        is_strict=True,
                        note=f"{len(mended)} of {len(none)} first answers were wrong; it cannot be below 0",
                    )
                )
                said.append(
                    f"{many} mend{'s' if waits == 1 else ''} {percent(mended).value:.1f} % on {sets[0][0]}"
                )
            rows.append(
                Row(
                    label,
                    f"{many} − none, all problems",
                    "points",
                    points(rights(found), rights(none)),
                    len(none),
                    sides=(
                        side("no wait", rights(none), tokens(none)),
                        side(many, rights(found), tokens(found)),
                    ),
                )
            )
        lines.append(curve(label, WAITS, [rights(found) for found in measured]))
    chart = Chart(
        "extended",
        "Extended reasoning: waits put in where the thinking would end",
        "waits",
        "problems solved, %",
        tuple(lines),
        raw_is=RAW_BLOCKS,
    )
    overall = [row for row in rows if "all problems" in row.measure]
    kept = "; ".join(
        f"{row.label.split(',')[0]}, {row.measure.split(' −')[0]}: {signed(row.found)}" for row in overall
    )
    return Finding(
        tuple(rows),
        (chart,),
        f"Of wrong first answers, {', '.join(said) or 'too few were seen to say'}; "
        f"over all problems, in points: {kept}.",
    )
