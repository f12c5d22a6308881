"""A database that came with the program: read where it lies, and never written, not even beside it.

Knows SQLite's read-only files. `storage/shipping.py` makes one. Does not know why these runs.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from engine.errors import StorageError
from engine.runs import Run
from storage import reading
from storage.database import DATABASE_FAILURES, explain
from storage.tables import RunRow

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShippedRun:
    """One run as a list shows it."""

    id: str
    batch: str
    cell: int  # its place in the batch, from 0
    problem: str
    model: str
    strategy: str
    params: dict[str, Any]
    is_correct: bool | None


class Shipped:
    """The runs of one file, if it was shipped. Thread-safe: every question opens the file anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._engine = create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool
        )

    @contextmanager
    def _session(self):
        try:
            with Session(self._engine) as session:
                yield session
        except DATABASE_FAILURES as error:
            raise StorageError(explain(error, str(self._path))) from None

    @cached_property
    def runs(self) -> tuple[ShippedRun, ...]:
        """All of them, in the order of their batches' places. Raises StorageError."""
        columns = [getattr(RunRow, name) for name in ShippedRun.__dataclass_fields__]
        with self._session() as session:
            return tuple(ShippedRun(*row) for row in session.execute(select(*columns).order_by(RunRow.cell)))

    @cached_property
    def ids(self) -> Collection[str]:
        """The ids of all of them; none where there is no file, or (logged) where it cannot be read."""
        if not self._path.exists():
            return frozenset()
        try:
            return frozenset(run.id for run in self.runs)
        except StorageError as error:
            log.warning("The runs that came with the program are not shown: %s", error)
            return frozenset()

    def load(self, run_id: str) -> Run:
        """One of them with its tree. Raises RunNotFound, or StorageError."""
        with self._session() as session:
            return reading.load(session, run_id)
