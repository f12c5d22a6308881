"""The store: a sink for live runs, and all questions about stored ones. Nothing else opens its database.

Knows what to read and write. Does not know when live runs are written (`writer.py`), nor how rows become
runs (`rows.py`).
"""

from __future__ import annotations

import atexit
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.errors import PonderError, RunNotFound, StorageError
from engine.runs import Run, RunSpec
from engine.tree import Event
from storage import batches, marks, reading, settings
from storage import search as queries
from storage.batches import Batch, BatchState, StoredCell
from storage.database import DATABASE_FAILURES, default_url, explain, open_database
from storage.interruption import interrupt
from storage.migrate import prepare
from storage.presence import announce
from storage.rows import spec_from_row
from storage.search import Filters, RunSummary
from storage.tables import RunRow
from storage.writer import Writer

PURGE_AFTER_DAYS = 30  # how long a deleted run can be brought back


class Store:
    """One opened database. Thread-safe. Raises StorageError where it cannot be opened.

    Other processes may use the same database at the same time. Call `close` at the end: it saves what is
    left; after a crash `mark_interrupted` of the next start says what happened.
    """

    def __init__(
        self, url: str | None = None, *, busy_seconds: float = 30.0, commit_every_seconds: float = 0.1
    ) -> None:
        self._database = open_database(url or default_url(), busy_seconds)
        prepare(self._database)
        try:
            self._presence = announce(self._database)
        except DATABASE_FAILURES as error:
            raise StorageError(explain(error, self.place)) from None
        self._writer = Writer(self._write, self._presence.writer, self.place, commit_every_seconds)
        self._is_closed = False
        atexit.register(self.close)

    @property
    def place(self) -> str:
        """Where the runs are: a path, or a server's address without its password."""
        return self._database.place

    @property
    def trouble(self) -> str:
        """Why the last write failed, in one sentence, or "". Runs go on, and writing is tried again."""
        return self._writer.trouble

    # ---- the sink: called by the scheduler --------------------------------------------------------------

    def opened(self, run: Run) -> None:
        """A run was submitted; returns once its row is committed. Raises StorageError: it is not stored."""
        self._writer.open(run)

    @contextmanager
    def together(self) -> Generator[None]:
        """Inside, `opened` on this thread does not wait; leaving waits for all. Raises StorageError."""
        with self._writer.opening_together():
            yield

    def grew(self, run: Run, events: Sequence[Event]) -> None:
        """The run's log has new events; they are committed within about 100 ms. Never fails."""
        self._writer.tell()

    def closed(self, run: Run) -> None:
        """The run is over; its sealed record is committed at once. Never fails and does not wait."""
        self._writer.close(run)

    def flush(self) -> None:
        """Return once everything up to now is committed. Raises StorageError."""
        self._writer.flush()

    # ---- what is stored --------------------------------------------------------------------------------

    def runs(
        self, search: str = "", filters: Filters | None = None, limit: int = 50, offset: int = 0
    ) -> list[RunSummary]:
        """Stored runs, newest first, with every word of `search` in problem, answer or names, or as id."""
        with self._read() as session:
            return queries.found(session, search, filters, limit, offset)

    def count(self, search: str = "", filters: Filters | None = None) -> int:
        """How many stored runs `runs` would list without its limit."""
        with self._read() as session:
            return queries.count(session, search, filters)

    def choices(self) -> dict[str, list[str]]:
        """The strategies, models, statuses, tasks and tags that occur, for the filters' menus."""
        with self._read() as session:
            return queries.choices(session)

    def load(self, run_id: str) -> Run:
        """A stored run with its tree. Raises RunNotFound, also for a deleted one."""
        with self._read() as session:
            return reading.load(session, run_id)

    def past(self, limit: int = 300) -> list[tuple[RunSpec, dict[str, Any], str]]:
        """What was asked of the latest runs, what each used (with its spent_tokens), and how it ended."""
        query = (
            select(RunRow)
            .where(RunRow.status.in_(["finished", "partial"]), RunRow.batch.is_(None))
            .order_by(RunRow.created_at.desc())
            .limit(limit)
        )
        with self._read() as session:
            return [
                (spec_from_row(row), row.usage | {"spent_tokens": row.spent_tokens}, row.status)
                for row in session.scalars(query)
            ]

    # ---- changes ---------------------------------------------------------------------------------------

    def adopt(self, runs: Sequence[Run]) -> int:
        """Keep finished runs that were made elsewhere; those known already, deleted ones too, are left.

        Returns how many are new, once they are committed. Raises StorageError.
        """
        fresh = [run for run in {run.id: run for run in runs}.values() if not self.has(run.id)]
        with self._writer.opening_together():
            for run in fresh:
                self._writer.open(run)
                self._writer.close(run)
        self._writer.flush()
        return len(fresh)

    def has(self, run_id: str) -> bool:
        """Whether a run of this id is stored, also a deleted one."""
        with self._read() as session:
            return session.get(RunRow, run_id) is not None

    def mark(
        self,
        run_id: str,
        *,
        is_starred: bool | None = None,
        tags: Sequence[str] | None = None,
        note: str | None = None,
    ) -> None:
        """Set a person's own marks on a run; None leaves one as it is.

        Tags lose their surrounding blanks and "#", and repeats. Raises RunNotFound; BadInput for too many
        tags, or a tag or note that is too long.
        """
        own_tags = None if tags is None else marks.clean_tags(tags)
        own_note = None if note is None else marks.clean_note(note)
        self._writer.call(lambda session: marks.write(session, run_id, is_starred, own_tags, own_note))

    def delete(self, run_id: str) -> None:
        """Hide a run; `restore` brings it back for 30 days. Raises RunNotFound."""
        self._set_deleted_at(run_id, datetime.now(UTC))

    def restore(self, run_id: str) -> None:
        """Undo `delete`. Raises RunNotFound once the run has been purged."""
        self._set_deleted_at(run_id, None)

    def purge(self, older_than_days: float = PURGE_AFTER_DAYS) -> int:
        """Remove for good what was deleted longer ago than this; returns how many runs that were."""
        before = datetime.now(UTC) - timedelta(days=older_than_days)

        def remove(session: Session) -> int:
            ids = session.scalars(select(RunRow.id).where(RunRow.deleted_at < before)).all()
            session.execute(delete(RunRow).where(RunRow.id.in_(ids)))  # nodes and events follow
            return len(ids)

        return self._writer.call(remove)

    def mark_interrupted(self) -> int:
        """Mark the unfinished runs of processes that are gone as interrupted; returns how many there were.

        Runs of this process and of others that live are left alone.
        """
        return self._writer.call(lambda session: interrupt(session, self._presence))

    # ---- batches ---------------------------------------------------------------------------------------

    def add_batch(self, id: str, plan: Mapping[str, Any], owner: str = "local") -> None:
        """Keep a new batch, paused; returns once it is committed."""
        self._writer.call(lambda session: batches.add(session, id, owner, self._presence.writer, plan))

    def batch(self, id: str) -> Batch:
        """A stored batch. Raises BatchNotFound."""
        with self._read() as session:
            return batches.find(session, id, self._presence)

    def batches(self, limit: int = 10) -> list[Batch]:
        """The latest batches, newest first."""
        with self._read() as session:
            return batches.newest(session, self._presence, limit)

    def claim_batch(self, id: str) -> bool:
        """Take a batch to drive it; False where another living process does. Raises BatchNotFound."""
        return self._writer.call(lambda session: batches.claim(session, id, self._presence))

    def settle_batch(self, id: str, state: BatchState, reason: str, seconds: float) -> None:
        """Keep how a batch stands. Raises BatchNotFound."""
        self._writer.call(lambda session: batches.settle(session, id, state, reason, seconds))

    def cells(self, batch: str) -> list[StoredCell]:
        """What each place of a batch holds, by place; the empty ones are left out."""
        with self._read() as session:
            return batches.cells(session, batch)

    # ---- settings --------------------------------------------------------------------------------------

    def setting(self, name: str) -> Any | None:
        """What was set under this name, None where nothing was."""
        with self._read() as session:
            return settings.read(session, name)

    def set_setting(self, name: str, value: Any | None) -> None:
        """Keep a JSON value under a name; returns once it is committed. None takes it back."""
        self._writer.call(lambda session: settings.write(session, name, value))

    def close(self) -> None:
        """Save what is left and close. Raises StorageError if that failed. Does nothing the second time."""
        if self._is_closed:
            return
        self._is_closed = True
        atexit.unregister(self.close)
        try:
            self._writer.stop()
        finally:
            self._presence.leave()
            self._database.dispose()

    def _set_deleted_at(self, run_id: str, moment: datetime | None) -> None:
        def change(session: Session) -> None:
            row = session.get(RunRow, run_id)
            if row is None:
                raise RunNotFound(f"There is no run {run_id!r}; it may have been deleted.")
            row.deleted_at = moment

        self._writer.call(change)

    @contextmanager
    def _write(self) -> Generator[Session]:
        with self._database.writing(), Session(self._database.write_engine) as session, session.begin():
            yield session

    @contextmanager
    def _read(self) -> Generator[Session]:
        try:
            with Session(self._database.read_engine, expire_on_commit=False) as session:
                yield session
        except PonderError:
            raise
        except DATABASE_FAILURES as error:
            raise StorageError(explain(error, self.place)) from None
