"""How a run ends: why it failed in one sentence, its answer judged, its record complete.

Knows one run. Does not know the scheduler's lists, nor who is told.
"""

from __future__ import annotations

import logging

from engine import answers
from engine.accounting import limits_in_words, peak_memory_bytes
from engine.active_run import ActiveRun, StrategyBug
from engine.entries import Entry
from engine.errors import PonderError
from engine.runs import Run, RunStatus

log = logging.getLogger(__name__)


def why_failed(run: Run, error: Exception) -> str:
    """The error as a person reads it, on one line; what nobody expected is logged with its traceback."""
    if isinstance(error, PonderError):
        reason = str(error)
    else:
        log.warning("run %s failed", run.id, exc_info=error)
        is_bug = isinstance(error, StrategyBug)
        what = "The strategy has a bug" if is_bug else f"It stopped on an unexpected {type(error).__name__}"
        reason = f"{what}: {error}." if str(error) else f"{what}."
    return " ".join(reason.split())


def answer(run: Run, active: ActiveRun) -> None:
    """Take the node that the strategy chose as the run's answer, and judge it."""
    node = active.answer_node
    if node is not None and node is not run.tree.root:
        how = "Best so far when the budget ended." if active.was_cut else "Chosen by the strategy."
        run.tree.answered(node, f"{how} {node.reason}".strip() if node.status != "finished" else how)
        run.answer_node, run.answer = node, node.answer
    assert run.tree.problem is not None
    run.is_correct = answers.is_correct(run.tree.problem, run.answer)


def how_it_ended(run: Run, active: ActiveRun) -> tuple[RunStatus, str]:
    """The status of a run whose strategy is over, and its reason."""
    if active.was_cut:
        limits = limits_in_words(run.spec.budget)
        return "partial", f"The budget of {limits} ended it before the strategy was done."
    return "finished", "The strategy was done."


def complete_record(entry: Entry, status: RunStatus, reason: str) -> None:
    """Nothing grows any more, usage is final, and the last event says how it ended."""
    run = entry.run
    for node in list(run.tree.nodes):
        if node.status == "growing":
            run.tree.abort(node, reason)
    run.usage.seconds = entry.clock()
    run.usage.peak_memory_bytes = peak_memory_bytes()
    run.tree.record("ended", None, status=status, reason=reason)
    run.status_reason = reason
    run.status = status
