"""Hand-made runs for the storage tests: no scheduler and no model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from ulid import ULID

from engine.budget import Budget
from engine.runs import Run, RunSpec
from engine.tasks.problem import Problem
from engine.tree import Tree

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_order = count()


def new_run(
    problem: str = "Use 3 5 7 9 to make 24.",
    strategy: str = "mcts",
    model: str = "ponder-3m",
    task: str | None = "countdown",
    expected: str | None = None,
) -> Run:
    """A queued run with its question only; each is created a minute after the one before."""
    spec = RunSpec(
        problem, model, strategy, {"rollouts": 8}, task, expected, seed=7, budget=Budget(max_tokens=400)
    )
    tree = Tree(problem, Problem(problem, task, expected))
    return Run(str(ULID()), spec, tree, created_at=FIRST + timedelta(minutes=next(_order)))


def grow_step(run: Run, parent: int, text: str = "9 - 7 = 2 (left: 2 3 5)\n") -> None:
    """One more finished, scored and visited node."""
    node = run.tree.add(run.tree.nodes[parent])
    pieces = [piece + " " for piece in text.split(" ")]
    for piece in pieces:
        run.tree.append(node, [piece], [-0.25])
    run.tree.finish(node, text=text, is_final=False, confidence=1.5)
    run.tree.score(node, "process_reward", 0.75, [0.75])
    node.note(visits=1, value=0.75, ucb={"exploit": 0.75, "explore": None})
    node.keep("Among the best of its level.")
    run.usage.generated_tokens += len(pieces)


def finish(run: Run, answer: str = "3 * (9 - 7 + 5) + 3", is_correct: bool | None = True) -> None:
    """Answer with the newest node and end the run."""
    run.tree.answered(run.tree.nodes[-1], "The best score.")
    run.tree.record("ended", None, status="finished", reason="")
    run.answer_node, run.answer, run.is_correct = run.tree.nodes[-1], answer, is_correct
    run.status = "finished"
    run.usage.seconds = 1.25
    run.environment = {"device": "cpu"}


def finished_run(steps: int = 3, **spec: str | None) -> Run:
    """A whole small run, a chain of steps."""
    run = new_run(**spec)  # type: ignore[arg-type]
    run.status = "running"
    for step in range(steps):
        grow_step(run, parent=step)
    finish(run)
    return run
