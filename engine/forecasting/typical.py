"""What every strategy took when the bundled models were made: the experience of a machine that has none yet.

Kept in typical.json. Made anew, on an idle machine, whenever the models change:

    .venv/bin/python -m engine.forecasting.typical
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from engine.forecasting.experience import Case, Taken
from engine.forecasting.foretell import taken
from engine.runs import Run, RunSpec
from engine.strategies import STRATEGIES
from engine.tasks import FAMILIES, Problem

FILE = Path(__file__).with_name("typical.json")
MODEL = "ponder-3m"
PROBLEMS = 12  # of each family for each strategy
COLUMNS = ("strategy", "scorer", "task", "steps", "ratio", "speed")


@lru_cache(maxsize=1)
def load() -> tuple[Taken, ...]:
    """The measured runs; none where the file is not there."""
    if not FILE.is_file():
        return ()
    rows = json.loads(FILE.read_text())["runs"]
    return tuple(
        Taken(Case("", strategy, scorer, task, steps), ratio, speed)
        for strategy, scorer, task, steps, ratio, speed in rows
    )


def specs(model: str, problems: int, rng: random.Random) -> Iterator[RunSpec]:
    """Every strategy with its defaults on fresh problems of every family and difficulty, without a budget."""
    for strategy in STRATEGIES:
        for family in FAMILIES.values():
            for i in range(problems):
                levels = list(family.difficulties)
                problem: Problem = family.generate(levels[i % len(levels)], rng)
                yield RunSpec(problem.text, model, strategy, seed=rng.randrange(2**31))


def measure(model: str = MODEL, problems: int = PROBLEMS, seed: int = 11) -> str:
    """Run them, one after another, and keep what they took; says how many there were."""
    from engine.models import catalogue
    from engine.scheduler import Scheduler

    scheduler = Scheduler(catalogue.load_backend, catalogue.load_scorer, catalogue.find)
    facts = catalogue.find(model)
    rows: list[list[object]] = []
    for spec in specs(model, problems, random.Random(seed)):
        run: Run = scheduler.submit(spec)
        scheduler.run_until_idle()
        found = taken(run, facts)
        if found is not None:
            case = found.case
            speed = None if found.speed is None else round(found.speed)
            rows.append([case.strategy, case.scorer, case.task, case.steps, round(found.ratio, 3), speed])
    lines = ",\n".join(json.dumps(row) for row in rows)
    FILE.write_text(f'{{"columns": {json.dumps(COLUMNS)}, "runs": [\n{lines}\n]}}\n')
    return f"{len(rows)} runs of {model} are in {FILE.name}."


if __name__ == "__main__":
    import sys

    sys.stdout.write(f"{measure()}\n")
