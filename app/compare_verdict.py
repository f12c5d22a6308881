"""What runs of one problem, one a lane, came to, in plain words.

Knows when to be silent: before the end, where the problems differ, and where the truth is not known. Never
calls a strategy better: one problem cannot show that. Does not know batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app import compare_names
from app.compare_names import listed
from engine import answers
from engine.accounting import limits_in_words
from engine.runs import Run
from engine.strategies import selection


@dataclass(frozen=True, slots=True)
class Verdict:
    """`headline` is to be read first; `rest` explains it, a line each; `caution` says how far it holds.

    `is_noise`: lanes that were compared could not be told apart. `is_refused`: no verdict is given.
    """

    headline: str
    rest: str = ""
    caution: str = ""
    is_noise: bool = False
    is_refused: bool = False


ONE_PROBLEM = "One problem says little: run the batch below before you conclude."
SHARED = "Lanes that run at once share the device, so their seconds are longer than alone."


def of_one_problem(runs: Sequence[Run]) -> Verdict | None:
    """What runs of the same problem, one a lane, came to; None while one of them still runs."""
    if not runs or any(not run.is_over for run in runs):
        return None
    called = compare_names.names([run.spec for run in runs])
    if len({run.tree.root.text for run in runs}) > 1:
        return Verdict(
            "These runs are of different problems, so their answers cannot be held against each other.",
            "To compare the strategies, put one problem above and run all lanes on it.",
            is_refused=True,
        )
    notes = " ".join(filter(None, [_stopped(runs, called), _unmatched(runs)]))
    judged = [at for at, run in enumerate(runs) if run.is_correct is not None and run.status != "failed"]
    if not judged:
        return Verdict(_unknown(runs), notes, ONE_PROBLEM, is_refused=True)
    right = [at for at in judged if runs[at].is_correct]
    if len(right) == len(runs) > 1:
        cheap = min(right, key=lambda at: runs[at].usage.spent_tokens)
        headline = "On this problem every lane answered right."
        rest = f"{called[cheap]} spent least: {runs[cheap].usage.spent_tokens:,} tokens."
    elif right:
        headline = f"On this problem {listed([called[at] for at in right])} answered right."
        rest = " ".join(_missed(runs[at], called[at]) for at in judged if at not in right)
    else:
        headline = "On this problem no lane answered right." if len(runs) > 1 else "It did not answer right."
        rest = " ".join(filter(None, (_missed(runs[at], called[at]) for at in judged)))
    caution = f"{ONE_PROBLEM} {SHARED}" if _overlap(runs) else ONE_PROBLEM
    return Verdict(headline, " ".join(filter(None, [rest, notes])), caution)


def _overlap(runs: Sequence[Run]) -> bool:
    """Whether any two ran at the same time."""
    spans = []
    for run in runs:
        began = run.created_at.timestamp() + run.usage.queue_seconds
        spans.append((began, began + run.usage.seconds))
    spans.sort()
    return any(later < end for (_, end), (later, _) in pairwise(spans))


def _missed(run: Run, called: str) -> str:
    """How a lane came not to answer right."""
    assert run.tree.problem is not None
    nodes = selection.candidates(run.tree.root)
    if run.spec.task != "code" and any(
        answers.is_correct(run.tree.problem, answer) for answer in {node.answer for node in nodes} if answer
    ):
        by = run.spec.params.get("scorer")
        if run.spec.strategy in ("self_consistency", "adaptive_consistency", "confident_voting"):
            return f"{called} found the right answer, but the vote went to another."
        if by:
            return f"{called} found the right answer, but its scorer preferred another."
        return f"{called} found the right answer, but selected another."
    if not nodes:
        return f"{called} finished no answer."
    if len(nodes) == 1:
        return f"{called} gave one answer, and it was wrong."
    return f"{called} gave {len(nodes)} answers, none of them right."


def _unknown(runs: Sequence[Run]) -> str:
    given = [run.answer for run in runs if run.answer is not None]
    if not given:
        return "No lane gave an answer."
    agree = len(given) == len(runs) > 1 and len(answers.group(runs[0].tree.problem, given)) == 1
    said = "all lanes gave the same answer; whether it is right is not known." if agree else (
        "whether the answers are right is not known: give the expected answer to have them judged."
    )  # fmt: skip
    return f"On this problem {said}"


def _stopped(runs: Sequence[Run], called: Sequence[str]) -> str:
    """Lanes that did not come to their own end."""
    odd = [at for at, run in enumerate(runs) if run.status in ("failed", "cancelled", "interrupted")]
    words = {"failed": "failed", "cancelled": "was stopped", "interrupted": "was interrupted"}
    return " ".join(
        f"{called[at]} {words[runs[at].status]}"
        + (f": {runs[at].status_reason}" if runs[at].status == "failed" else ".")
        for at in odd
    )


def _unmatched(runs: Sequence[Run]) -> str:
    """A warning where the lanes did not have the same budget."""
    budgets = {run.spec.budget for run in runs}
    if len(budgets) < 2:
        return ""
    limits = [limits_in_words(run.spec.budget) or "no limit" for run in runs]
    return f"The budgets are not matched: {listed(limits)}."
