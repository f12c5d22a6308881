"""Reasoning over direct answers."""

from __future__ import annotations

from engine.bench.claims.cells import Sets, set_in_words
from engine.bench.claims.finding import Chart, Finding, Measuring, Row
from engine.bench.claims.plan import Plan
from engine.bench.claims.reading import RAW_BLOCKS, curve, points, rights, side, signed, tokens, where

TASKS = ("arithmetic", "story")
DIFFICULTIES = (3, 4, 5, 6)
TARGET = 50.0


def reasoning(plan: Plan) -> Measuring:
    """The same model at temperature 0, with its steps and without them. Source: arXiv 2201.11903."""
    plan.need()
    rows, charts = [], []
    sets: list[Sets] = [((task, DIFFICULTIES),) for task in TASKS]
    measured = yield [plan.cell("direct", one) for one in sets] + [plan.greedy(one) for one in sets]
    for task, direct, chain in zip(TASKS, measured, measured[len(TASKS) :], strict=False):
        difference = points(rights(chain), rights(direct))
        rows.append(
            Row(
                set_in_words(task, DIFFICULTIES),
                "chain_of_thought − direct",
                "points",
                difference,
                len(chain),
                TARGET,
                sides=(
                    side("direct", rights(direct), tokens(direct)),
                    side("chain_of_thought", rights(chain), tokens(chain)),
                ),
            )
        )
        charts.append(
            Chart(
                f"reasoning-{task}",
                f"Reasoning over direct answers, {task}",
                set_in_words(task, DIFFICULTIES).partition(", ")[2].split()[-1],
                "problems solved, %",
                tuple(
                    curve(
                        name,
                        DIFFICULTIES,
                        [where(found, _is_of(level), rights(found)) for level in DIFFICULTIES],
                    )
                    for name, found in (("direct", direct), ("chain_of_thought", chain))
                ),
                raw_is=RAW_BLOCKS,
            )
        )
    said = " and ".join(f"{signed(row.found)} points on {row.label.split(',')[0]}" for row in rows)
    return Finding(tuple(rows), tuple(charts), f"Writing the steps down gains {said} over answering at once.")


def _is_of(level: int):
    return lambda one: one.difficulty == level
