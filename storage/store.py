"""The store: a sink for live runs, and all questions about stored ones. The only place that opens a session.

Knows what to read and write. Does not know when live runs are written (`writer.py`), nor how rows become
runs (`rows.py`).
"""

from __future__ import annotations

import atexit
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from engine.errors import BadInput, PonderError, RunNotFound, StorageError
from engine.runs import Run, RunSpec
from engine.tree import Event
from storage import batches, reading, settings
from storage.batches import Batch, BatchState, StoredCell
from storage.database import DATABASE_FAILURES, default_url, explain, open_database
from storage.interruption import interrupt
from storage.migrate import prepare
from storage.presence import announce
from storage.rows import spec_from_row
from storage.tables import RunRow
from storage.writer import Writer

PURGE_AFTER_DAYS = 30  # how long a deleted run can be brought back

Filters = Mapping[str, str | bool | Collection[str | bool | None] | None]
"""What to show: strategy, model, status, task, tag, batch (names), is_starred, is_correct (True, False or
None for unknown).

A value is one wanted value or a collection of them; "" or an empty collection, and None for a name, do not
filter. `{"is_correct": [None]}` asks for runs with no known truth. Runs that were made for a batch are left
out unless `batch` names it.
"""
FILTERABLE = ("strategy", "model", "status", "task", "is_correct", "is_starred")
MAX_TAGS, MAX_TAG_CHARACTERS, MAX_NOTE_CHARACTERS = 20, 40, 4_000


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of History."""

    id: str
    created_at: datetime
    title: str
    task: str | None
    model: str
    strategy: str
    status: str
    status_reason: str
    expected: str | None
    answer: str | None
    is_correct: bool | None
    spent_tokens: int
    seconds: float
    usd: float
    node_count: int
    is_starred: bool
    tags: list[str]
    note: str


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
        """Stored runs, newest first, that have every word of `search` in problem, answer, names or id."""
        columns = [getattr(RunRow, name) for name in RunSummary.__dataclass_fields__]
        query = (
            select(*columns)
            .where(*_conditions(search, filters))
            .order_by(RunRow.created_at.desc(), RunRow.id.desc())
            .limit(limit)
            .offset(offset)
        )
        with self._read() as session:
            return [RunSummary(*row) for row in session.execute(query)]

    def count(self, search: str = "", filters: Filters | None = None) -> int:
        """How many stored runs `runs` would list without its limit."""
        with self._read() as session:
            return session.scalar(select(func.count()).where(*_conditions(search, filters))) or 0

    def choices(self) -> dict[str, list[str]]:
        """The strategies, models, statuses, tasks and tags that occur, for the filters' menus."""
        with self._read() as session:
            found = {
                name: sorted(
                    value
                    for value in session.scalars(
                        select(getattr(RunRow, name)).where(RunRow.deleted_at.is_(None)).distinct()
                    )
                    if value is not None
                )
                for name in FILTERABLE
                if not name.startswith("is_")
            }
            tagged = session.scalars(
                select(RunRow.tags).where(RunRow.deleted_at.is_(None), RunRow.marks_text.startswith("\n#"))
            )
            return found | {"tag": sorted({tag for tags in tagged for tag in tags}, key=str.casefold)}

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
        cleaned = None if tags is None else clean_tags(tags)
        if note is not None and len(note) > MAX_NOTE_CHARACTERS:
            raise BadInput(f"A note may have {MAX_NOTE_CHARACTERS:,} characters; this one has {len(note):,}.")

        def change(session: Session) -> None:
            row = session.get(RunRow, run_id)
            if row is None:
                raise RunNotFound(f"There is no run {run_id!r}; it may have been deleted.")
            if is_starred is not None:
                row.is_starred = is_starred
            if cleaned is not None:
                row.tags = cleaned
            if note is not None:
                row.note = note.strip()
            row.marks_text = marks_text(row.tags, row.note)

        self._writer.call(change)

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


def _conditions(search: str, filters: Filters | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [RunRow.deleted_at.is_(None)]
    if not (filters or {}).get("batch"):
        conditions.append(RunRow.batch.is_(None))
    for word in search.casefold().split():
        texts = (RunRow.search_text, RunRow.marks_text)
        conditions.append(or_(*(text.contains(word, autoescape=True) for text in texts)))
    for name, wanted in (filters or {}).items():
        if name not in (*FILTERABLE, "batch", "tag"):
            raise ValueError(f"There is no filter {name!r}; there are {', '.join(FILTERABLE)}.")
        if wanted is None or wanted == "":
            continue
        values: list[Any] = [wanted] if isinstance(wanted, str | bool) else list(wanted)
        if name == "tag":
            lines = [f"\n#{str(tag).casefold()}\n" for tag in values if tag is not None]
            conditions.append(or_(*(RunRow.marks_text.contains(line, autoescape=True) for line in lines)))
            continue
        column = getattr(RunRow, name)
        if values:
            known = [value for value in values if value is not None]
            conditions.append(
                or_(column.in_(known), column.is_(None)) if None in values else column.in_(known)
            )
    return conditions


def clean_tags(tags: Sequence[str]) -> list[str]:
    """The tags as they are kept. Raises BadInput."""
    cleaned: dict[str, str] = {}
    for tag in tags:
        words = " ".join(tag.strip().lstrip("#").split())
        if len(words) > MAX_TAG_CHARACTERS:
            raise BadInput(
                f"A tag may have {MAX_TAG_CHARACTERS} characters; “{words[:20]}…” has {len(words)}."
            )
        if words:
            cleaned.setdefault(words.casefold(), words)
    if len(cleaned) > MAX_TAGS:
        raise BadInput(f"A run may have {MAX_TAGS} tags, not {len(cleaned)}.")
    return list(cleaned.values())


def marks_text(tags: Sequence[str], note: str) -> str:
    """Tags, each on a line of its own after "#", and the note: what a search looks through, case folded."""
    lines = "".join(f"\n#{tag}" for tag in tags)
    return f"{lines}\n{note}".casefold() if tags or note else ""
