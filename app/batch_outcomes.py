"""What one run of a batch came to, in the few numbers that a comparison counts.

Knows live runs and stored cells, and makes the same outcome of either. Does not know lanes or statistics.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine import answers
from engine.errors import PonderError
from engine.runs import Run, Usage
from engine.strategies import selection
from engine.tasks import identify
from engine.tasks.problem import Problem
from storage.batches import StoredCell


@dataclass(frozen=True, slots=True)
class Outcome:
    """One filled cell. `is_found`: some finished answer was right, whichever was selected.

    A failed run has neither: nobody knows what it would have answered.
    """

    cell: int
    run: str
    status: str
    answer: str | None
    is_correct: bool | None
    is_found: bool | None
    tokens: int  # generated, discarded and the scorer's
    seconds: float
    gflops: float
    usd: float

    @property
    def is_failed(self) -> bool:
        return self.status == "failed"


def from_run(run: Run) -> Outcome:
    """The outcome of a run that is over and belongs to a batch."""
    assert run.spec.cell is not None
    found = [node.answer for node in selection.candidates(run.tree.root)]
    return _outcome(
        run.spec.cell, run.id, run.status, run.answer, run.is_correct, run.usage, run.tree.problem, found
    )


def from_stored(cell: StoredCell, problem_text: str, family: str) -> Outcome:
    """The outcome of a stored cell."""
    try:
        problem = identify(problem_text, family)
    except PonderError:  # the family has changed since
        problem = None
    known = {name: cell.usage[name] for name in Usage.__dataclass_fields__ if name in cell.usage}
    found = [one.answer for one in cell.answers]
    return _outcome(
        cell.cell, cell.run, cell.status, cell.answer, cell.is_correct, Usage(**known), problem, found
    )


def _outcome(
    cell: int,
    run: str,
    status: str,
    answer: str | None,
    is_correct: bool | None,
    usage: Usage,
    problem: Problem | None,
    found: Iterable[str | None],
) -> Outcome:
    is_found: Any = None
    if status != "failed" and is_correct is not None and problem is not None:
        is_found = is_correct or any(answers.is_correct(problem, one) for one in set(found) if one)
    return Outcome(
        cell, run, status, answer, None if status == "failed" else is_correct, is_found,
        usage.spent_tokens, usage.seconds, usage.flops / 1e9, usage.usd,
    )  # fmt: skip
