"""Refining: a rewrite that hears exactly what is wrong, over its own draft and over drawing again."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bench.claims.cells import set_in_words
from engine.bench.claims.finding import Chart, Finding, Measuring, Row
from engine.bench.claims.outcomes import Draft, Outcome
from engine.bench.claims.plan import SAMPLE_TEMPERATURE, Plan
from engine.bench.claims.reading import RAW_BLOCKS, curve, points, rights, side, signed, tokens
from engine.bench.claims.sets import ARITHMETIC, PROGRAMS

SETS = (PROGRAMS, ARITHMETIC)
ROUNDS = 8
SHOWN_ROUNDS = (0, 1, 2, 4, 8)
TARGET = 20.0
MOST_DRAWN = 32


def refining(plan: Plan) -> Measuring:
    """repair, one draft at a time, over its own first draft. Source: arXiv 2304.05128.

    Against it, at equal tokens (arXiv 2306.09896 asks for that): drawing anew until the same check passes,
    with as many tries as cost the same on the mean. The check never knows the expected answer; for
    arithmetic, working the expression out is such a check.
    """
    plan.need()
    rows, charts = [], []
    repairs = [
        plan.cell("repair", sets, rounds=ROUNDS, width=1, temperature=SAMPLE_TEMPERATURE) for sets in SETS
    ]
    measured = yield repairs + [plan.pool(sets) for sets in SETS]
    for sets, repaired, pool in zip(SETS, measured, measured[len(SETS) :], strict=False):
        label = set_in_words(*sets[0])
        first, first_costs = after(repaired, 0)
        last = rights(repaired)
        spent = tokens(repaired)
        tries, drawn, drawn_tokens = _equal(pool, spent)
        rows.append(
            Row(
                label,
                "repair − its own first draft",
                "points",
                points(last, first),
                len(last),
                TARGET,
                sides=(side("first draft", first, _mean(first_costs)), side("repair", last, spent)),
            )
        )
        rows.append(
            Row(
                label,
                "repair − drawing anew until the check passes, equal tokens",
                "points",
                points(last, drawn),
                len(last),
                sides=(
                    side(f"up to {tries} drafts", drawn, drawn_tokens),
                    side("repair", last, spent),
                ),
                note="stated: resampling is the stronger where this is below 0",
            )
        )
        rewritten = [after(repaired, rewrites) for rewrites in SHOWN_ROUNDS]
        most = min(MOST_DRAWN, min(len(one.drafts) for one in pool))
        counts = [n for n in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32) if n <= most]
        redrawn = [drawn_until_it_passes(pool, n) for n in counts]
        charts.append(
            Chart(
                f"refining-{sets[0][0]}",
                f"Refining, and drawing again: {label}",
                "tokens spent a problem",
                "problems solved, %",
                (
                    curve(
                        f"repair, after {', '.join(map(str, SHOWN_ROUNDS))} rewrites",
                        [round(_mean(costs), 1) for _, costs in rewritten],
                        [found for found, _ in rewritten],
                    ),
                    curve(
                        "drawing anew until the check passes",
                        [round(_mean(costs), 1) for _, costs in redrawn],
                        [found for found, _ in redrawn],
                    ),
                ),
                is_log_x=True,
                raw_is=RAW_BLOCKS,
            )
        )
    gains, against = rows[::2], rows[1::2]
    said = " and ".join(f"{signed(row.found)} points on {row.label.split(',')[0]}" for row in gains)
    other = " and ".join(f"{signed(row.found)} on {row.label.split(',')[0]}" for row in against)
    return Finding(
        tuple(rows),
        tuple(charts),
        f"Told what fails, the model gains {said} over its first draft; against drawing anew "
        f"with equal tokens that is {other}.",
    )


def _equal(pool: Sequence[Outcome], spent: float) -> tuple[int, list[float], float]:
    """The number of tries that costs nearest to `spent` tokens a problem: tries, successes, mean tokens."""
    most = min(MOST_DRAWN, min(len(one.drafts) for one in pool))
    redrawn = {n: drawn_until_it_passes(pool, n) for n in range(1, most + 1)}
    tries = min(redrawn, key=lambda n: abs(_mean(redrawn[n][1]) - spent))
    found, costs = redrawn[tries]
    return tries, found, _mean(costs)


def after(repaired: Sequence[Outcome], rewrites: int) -> tuple[list[float], list[float]]:
    """By problem: whether repair, one draft at a time, is right after so many rewrites, and its tokens."""
    reached = [one.drafts[: rewrites + 1] for one in repaired]
    found = [float(any(draft.is_right for draft in drafts[-1:])) for drafts in reached]
    return found, [float(sum(draft.tokens for draft in drafts)) for drafts in reached]


def drawn_until_it_passes(pool: Sequence[Outcome], tries: int) -> tuple[list[float], list[float]]:
    """By problem: the share of its groups of `tries` drafts that end right, and the tokens that they take."""
    found, costs = [], []
    for one in pool:
        groups = [one.drafts[at : at + tries] for at in range(0, len(one.drafts) - tries + 1, tries)]
        ends = [_until_it_passes(group) for group in groups]
        found.append(_mean([float(is_right) for is_right, _ in ends]))
        costs.append(_mean([float(spent) for _, spent in ends]))
    return found, costs


def _until_it_passes(drafts: Sequence[Draft]) -> tuple[bool, int]:
    """Whether the first draft that passes its check is right (the last one, where none does), and the tokens
    up to it.
    """
    spent = 0
    for draft in drafts:
        spent += draft.tokens
        if draft.passes:
            return draft.is_right, spent
    return drafts[-1].is_right, spent


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
