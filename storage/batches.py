"""Batches of runs in the database: their plans and states, and what each place of one holds.

Knows rows and queries; each function is given a session. Does not know what a plan says, nor who drives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import BatchNotFound
from storage.presence import Presence
from storage.tables import BatchRow, NodeRow, RunRow

BatchState = Literal["running", "paused", "cancelled", "finished"]


@dataclass(frozen=True, slots=True)
class Batch:
    """One stored batch. `is_driven`: a living process is running it."""

    id: str
    created_at: datetime
    state: str
    reason: str
    seconds: float
    plan: dict[str, Any]
    is_driven: bool


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One finished answer of a stored run, as far as choosing again among them needs it."""

    node: int
    answer: str | None
    tokens: int
    scores: dict[str, float]
    step_scores: dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class StoredCell:
    """The run in one place of a batch: its outcome and its finished answers, without its tree."""

    cell: int
    run: str
    status: str
    answer: str | None
    answer_node: int | None
    is_correct: bool | None
    usage: dict[str, Any]
    answers: tuple[StoredAnswer, ...]


def add(session: Session, id: str, owner: str, writer: str, plan: Mapping[str, Any]) -> None:
    """Keep a new batch, paused until somebody drives it."""
    session.add(
        BatchRow(
            id=id,
            created_at=datetime.now(UTC),
            owner=owner,
            writer=writer,
            state="paused",
            reason="",
            seconds=0.0,
            plan=dict(plan),
        )
    )


def find(session: Session, id: str, presence: Presence) -> Batch:
    """Raises BatchNotFound."""
    return _batch(_row(session, id), presence)


def newest(session: Session, presence: Presence, limit: int) -> list[Batch]:
    """The latest batches, newest first."""
    rows = session.scalars(select(BatchRow).order_by(BatchRow.created_at.desc()).limit(limit))
    return [_batch(row, presence) for row in rows]


def claim(session: Session, id: str, presence: Presence) -> bool:
    """Take the batch to drive it; False where another living process does. Raises BatchNotFound."""
    row = _row(session, id)
    if row.state == "running" and row.writer != presence.writer and presence.is_alive(row.writer):
        return False
    row.state, row.reason, row.writer = "running", "", presence.writer
    return True


def settle(session: Session, id: str, state: BatchState, reason: str, seconds: float) -> None:
    """Keep how the batch stands. Raises BatchNotFound."""
    row = _row(session, id)
    row.state, row.reason, row.seconds = state, reason, seconds


def cells(session: Session, id: str) -> list[StoredCell]:
    """What each place of the batch holds: of its runs that were not deleted, the newest that came to an end.

    Runs that were cancelled, interrupted or still go on fill no place.
    """
    of_batch = (
        RunRow.batch == id,
        RunRow.deleted_at.is_(None),
        RunRow.status.in_(["finished", "partial", "failed"]),
    )
    last = select(func.max(RunRow.id)).where(*of_batch).group_by(RunRow.cell)  # ids rise with time
    runs = session.execute(
        select(
            RunRow.cell, RunRow.id, RunRow.status, RunRow.answer, RunRow.answer_node, RunRow.is_correct,
            RunRow.usage,
        ).where(RunRow.id.in_(last)).order_by(RunRow.cell)
    ).all()  # fmt: skip
    finals = session.execute(
        select(
            NodeRow.run_id, NodeRow.id, NodeRow.answer, NodeRow.tokens, NodeRow.scores, NodeRow.step_scores
        )
        .where(NodeRow.run_id.in_(last), NodeRow.is_final.is_(True), NodeRow.kind != "critique")
        .order_by(NodeRow.run_id, NodeRow.id)
    )
    answers: dict[str, list[StoredAnswer]] = {}
    for node in finals:
        found = StoredAnswer(node.id, node.answer, node.tokens, node.scores, node.step_scores)
        answers.setdefault(node.run_id, []).append(found)
    return [
        StoredCell(
            run.cell,
            run.id,
            run.status,
            run.answer,
            run.answer_node,
            run.is_correct,
            run.usage,
            tuple(answers.get(run.id, ())),
        )
        for run in runs
    ]


def _row(session: Session, id: str) -> BatchRow:
    row = session.get(BatchRow, id)
    if row is None:
        raise BatchNotFound(f"There is no batch {id[:40]!r} here; start a new one.")
    return row


def _batch(row: BatchRow, presence: Presence) -> Batch:
    is_driven = row.state == "running" and presence.is_alive(row.writer)
    return Batch(row.id, row.created_at, row.state, row.reason, row.seconds, row.plan, is_driven)
