"""Where the budget is spent: what each model solves by family and difficulty, at once and in 64 tries."""

from __future__ import annotations

from engine.bench.claims.cells import Cell, Sets, set_in_words
from engine.bench.claims.finding import Chart, Finding, Measuring, Row
from engine.bench.claims.outcomes import Outcome
from engine.bench.claims.plan import Plan
from engine.bench.claims.reading import (
    RAW_BLOCKS,
    curve,
    passed,
    percent,
    rights,
    side,
    sizes,
    tokens,
    tokens_of,
)

LEVELS = {"arithmetic": (1, 3, 6), "story": (1, 3, 5), "countdown": (3, 4, 5), "programs": (1, 2)}
COVERED = {"countdown": 4, "programs": 2}

GREEDY = {  # percent, by task and difficulty: of the small, the main and the large model
    ("arithmetic", 3): (80, 95, 98),
    ("arithmetic", 6): (30, 60, 75),
    ("story", 3): (50, 80, 90),
    ("story", 5): (20, 50, 65),
    ("countdown", 4): (15, 25, 35),
    ("programs", 2): (10, 25, 40),
}
PASSED = {"countdown": (85, 95, 98), "programs": (60, 85, 90)}


def spending(plan: Plan) -> Measuring:
    """Greedy chains of all models by family and difficulty, and pass@64 where one chain mostly fails."""
    models = [model for model in (plan.small, plan.main, plan.large) if model not in plan.missing]
    if not models:
        plan.need()
    keys = [(task, level) for task, levels in LEVELS.items() for level in levels]
    wanted = [
        cell
        for model in models
        for cell in (
            *(plan.greedy(_only(task, level), model) for task, level in keys),
            *(_pool(plan, task, level, model) for task, level in COVERED.items()),
        )
    ]
    outcomes_of = dict(zip(wanted, (yield wanted), strict=True))
    found: dict[tuple[str, str, int], list[Outcome]] = {}
    rows: list[Row] = []
    for place, model in enumerate((plan.small, plan.main, plan.large)):
        if model not in models:
            continue
        measured = [outcomes_of[plan.greedy(_only(*key), model)] for key in keys]
        pools = [outcomes_of[_pool(plan, *key, model)] for key in COVERED.items()]
        for (task, level), outcomes in zip(keys, measured, strict=True):
            found[model, task, level] = outcomes
            targets = GREEDY.get((task, level))
            rows.append(
                Row(
                    set_in_words(task, (level,)),
                    f"{model}, greedy",
                    "%",
                    percent(rights(outcomes)),
                    len(outcomes),
                    None if targets is None else float(targets[place]),
                    sides=(side("greedy", rights(outcomes), tokens(outcomes)),),
                )
            )
        for (task, level), pool in zip(COVERED.items(), pools, strict=True):
            most = sizes(pool)[-1]
            values = passed(pool, most)
            rows.append(
                Row(
                    set_in_words(task, (level,)),
                    f"{model}, pass@{most}",
                    "%",
                    percent(values),
                    len(pool),
                    float(PASSED[task][place]),
                    sides=(side(f"pass@{most}", values, tokens_of(pool, most, is_scored=False)),),
                )
            )
    charts = tuple(
        Chart(
            f"spending-{task}",
            f"One greedy chain, by difficulty: {task}",
            set_in_words(task, levels).split()[-1],
            "problems solved, %",
            tuple(
                curve(model, levels, [rights(found[model, task, level]) for level in levels])
                for model in models
            ),
            raw_is=RAW_BLOCKS,
        )
        for task, levels in LEVELS.items()
    )
    met = [row for row in rows if row.is_met]
    asked = [row for row in rows if row.target is not None]
    absent = [plan.missing[model] for model in (plan.small, plan.main, plan.large) if model in plan.missing]
    return Finding(
        tuple(rows),
        charts,
        " ".join([f"{len(met)} of {len(asked)} cells reach what was set for them.", *dict.fromkeys(absent)]),
    )


def _pool(plan: Plan, task: str, level: int, model: str) -> Cell:
    """Scored where another claim needs the scores, so that the samples are drawn once."""
    return plan.pool(_only(task, level), model, is_scored=model != plan.large)


def _only(task: str, level: int) -> Sets:
    return ((task, (level,)),)
