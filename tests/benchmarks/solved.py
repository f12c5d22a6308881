"""How many held-out problems a strategy solves, and what it spends: python -m tests.benchmarks.solved

Every problem is a real run through the scheduler, all of a cell in one batch. Prints one row a cell: share
solved with its 95 % Wilson interval, mean and largest tokens spent (scorer's included), seconds a run's cell
took. Cells are `task:difficulty:strategy[:max_tokens]`.
"""

from __future__ import annotations

import argparse
import time

from engine.budget import Budget
from engine.lab.problems import draw
from engine.models import catalogue
from engine.runs import Run, RunSpec
from engine.scheduler import Scheduler
from engine.training.card import interval

CELLS = (
    "arithmetic:3:chain_of_thought",
    "story:3:chain_of_thought",
    "countdown:4:chain_of_thought",
    "countdown:4:best_of_n:4000",
    "countdown:4:beam_search:4000",
    "countdown:4:mcts:4000",
)


def solve(cell: str, problems: int, model: str, params: dict[str, object]) -> list[Run]:
    """Run one cell to its end and return its runs."""
    task, difficulty, strategy, *limit = cell.split(":")
    scheduler = Scheduler(catalogue.load_backend, catalogue.load_scorer, catalogue.find)
    budget = Budget(max_tokens=int(limit[0])) if limit else Budget()
    runs = [
        scheduler.submit(RunSpec(p.text, model, strategy, dict(params), task=task, seed=i, budget=budget))
        for i, p in enumerate(draw(task, int(difficulty), problems, seed=2))
    ]
    scheduler.run_until_idle()
    return runs


def row(cell: str, runs: list[Run], seconds: float) -> str:
    """One line of the table."""
    spent = [run.usage.spent_tokens for run in runs]
    right = sum(run.is_correct is True for run in runs)
    failed = sum(run.status == "failed" for run in runs)
    return (
        f"{cell:40} {interval(right, len(runs)):22} tokens mean {sum(spent) / len(spent):7.0f} "
        f"max {max(spent):6}  failed {failed}  {seconds:6.1f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cells", nargs="*", default=CELLS)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--model", default="ponder-3m")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    asked = parser.parse_args()
    params = {}
    for setting in asked.set:
        name, _, value = setting.partition("=")
        params[name] = float(value) if value.replace(".", "").isdigit() else value
    for cell in asked.cells:
        started = time.perf_counter()
        print(
            row(cell, solve(cell, asked.problems, asked.model, params), time.perf_counter() - started),
            flush=True,
        )


if __name__ == "__main__":
    main()
