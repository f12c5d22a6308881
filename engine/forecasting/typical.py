"""What every strategy took when the bundled models were made: the experience of a machine that has none yet.

Kept in typical.json. Made anew, on an idle machine, whenever the models change:

    .venv/bin/python -m engine.forecasting.typical
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from engine.budget import Budget
from engine.forecasting.cases import Case, Taken
from engine.forecasting.foretell import formula, likely_lengths, taken
from engine.models.catalogue import ModelFacts
from engine.runs import Run, RunSpec
from engine.strategies import STRATEGIES
from engine.tasks import FAMILIES, Problem

FILE = Path(__file__).with_name("typical.json")
MODEL = "ponder-3m"
PROBLEMS = 12  # of each family for each strategy, with each seed
SEEDS = (11, 12)
TIGHT = (500, 1000, 500, 1000)  # tokens: budgets of a few more, where the strategy may take more than that
COLUMNS = ("strategy", "scorer", "task", "steps", "is_tight", "ratio", "speed", "is_cut")


@lru_cache(maxsize=1)
def load() -> tuple[Taken, ...]:
    """The measured runs; none where the file is not there."""
    if not FILE.is_file():
        return ()
    rows = json.loads(FILE.read_text())["runs"]
    return tuple(
        Taken(Case("", strategy, scorer, task, steps, is_tight), ratio, speed, is_cut)
        for strategy, scorer, task, steps, is_tight, ratio, speed, is_cut in rows
    )


def specs(facts: ModelFacts, problems: int, tight: Sequence[int], rng: random.Random) -> list[RunSpec]:
    """Every strategy with its defaults on fresh problems of every family and difficulty, in a mixed order.

    `problems` of each family without a budget, and one with each budget of `tight` (tokens) that is tight.
    """
    found: list[RunSpec] = []
    for strategy in STRATEGIES:
        for family in FAMILIES.values():
            levels = list(family.difficulties)
            for i, most in enumerate((*[None] * problems, *tight)):
                problem: Problem = family.generate(levels[i % len(levels)], rng)
                spec = RunSpec(
                    problem.text,
                    facts.name,
                    strategy,
                    seed=rng.randrange(2**31),
                    budget=Budget(max_tokens=most),
                )
                if most is None or most < formula(spec, likely_lengths(problem, facts)).tokens:
                    found.append(spec)
    rng.shuffle(found)  # so that no strategy has a slow minute of the machine to itself
    return found


def measure(model: str = MODEL, seeds: Sequence[int] = SEEDS) -> str:
    """Run them, one after another, and keep what they took; says how many there were."""
    from engine.models import catalogue
    from engine.scheduler import Scheduler

    scheduler = Scheduler(catalogue.load_backend, catalogue.load_scorer, catalogue.find)
    facts = catalogue.find(model)
    rows: list[list[object]] = []
    for spec in [one for seed in seeds for one in specs(facts, PROBLEMS, TIGHT, random.Random(seed))]:
        run: Run = scheduler.submit(spec)
        scheduler.run_until_idle()
        found = taken(run, facts)
        if found is not None:
            case = found.case
            speed = None if found.speed is None else round(found.speed)
            kind = [case.strategy, case.scorer, case.task, case.steps, case.is_tight]
            rows.append([*kind, round(found.ratio, 3), speed, found.is_cut])
    rows.sort(key=lambda row: [str(cell) for cell in row[:5]])
    lines = ",\n".join(json.dumps(row) for row in rows)
    FILE.write_text(f'{{"columns": {json.dumps(COLUMNS)}, "runs": [\n{lines}\n]}}\n')
    return f"{len(rows)} runs of {model} are in {FILE.name}."


if __name__ == "__main__":
    import sys

    sys.stdout.write(f"{measure()}\n")
