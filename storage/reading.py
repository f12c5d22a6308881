"""One run out of an open database, whole.

Knows rows. Does not know whose database it is, or who may write to it.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import RunNotFound
from engine.runs import Run
from storage.rows import run_from_rows
from storage.tables import EventRow, NodeRow, RunRow


def load(session: Session, run_id: str) -> Run:
    """A stored run with its tree. Raises RunNotFound, also for a deleted one."""
    row = session.get(RunRow, run_id)
    if row is None or row.deleted_at is not None:
        raise RunNotFound(f"There is no run {run_id!r}; it may have been deleted.")
    nodes = session.scalars(select(NodeRow).where(NodeRow.run_id == run_id))
    events = session.scalars(select(EventRow).where(EventRow.run_id == run_id).order_by(EventRow.seq)).all()
    return run_from_rows(row, nodes, events)
