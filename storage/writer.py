"""The one thread that writes: it tails the logs of open runs and commits them in batches.

Knows when to write and what to do when writing fails. A run's own event log is the queue: the writer keeps
how far it has stored each one and moves on only after a commit, so a full disk or a locked database delays
the record but loses nothing while the process lives. Somebody waits for a new run to be stored, or
for a change, so these go before whatever the others have grown. Does not know how a session is opened.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine.errors import PonderError, StorageError
from engine.runs import Run
from storage.database import explain
from storage.rows import event_values, node_values, outcome_values, spec_values
from storage.tables import EventRow, NodeRow, RunRow

GROWING_TEXT_EVERY_SECONDS = 1.0  # how often the text of nodes that still grow is written
RETRY_AFTER_SECONDS = 1.0

# Plain statements on the tables: the mapper's way through the same rows takes twice the time.
RUNS, NODES, EVENTS = (cast(Table, row.__table__) for row in (RunRow, NodeRow, EventRow))
CHANGE_NODE = (
    update(NODES)
    .where(NODES.c.run_id == bindparam("of_run"), NODES.c.id == bindparam("of_id"))
    .values({column.name: bindparam(column.name) for column in NODES.c if not column.primary_key})
)

Transaction = Callable[[], AbstractContextManager[Session]]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one run has been stored: this many of its events and nodes, and these with newer tokens."""

    run: Run
    is_opened: bool = False
    is_closed: bool = False  # by the engine: nothing will change any more
    events: int = 0
    nodes: int = 0
    unsaved: frozenset[int] = field(default_factory=frozenset)

    @property
    def has_news(self) -> bool:
        """Whether anything of the run is not stored yet."""
        is_behind = self.events < len(self.run.tree.events) or self.unsaved
        return bool(is_behind or self.is_closed or not self.is_opened)

    @property
    def status(self) -> str:
        """Over only once the engine has closed the run: until then a crash must leave it interruptible."""
        if self.is_closed or not self.run.is_over:
            return self.run.status
        return "running"


def store(session: Session, progress: Progress, writer: str, with_growing_text: bool) -> Progress:
    """Write what is new of one run; returns the progress that holds once the transaction is committed."""
    run = progress.run
    events = run.tree.events[progress.events :]
    nodes = run.tree.nodes[:]  # taken after the events, so every node they name is in it
    touched = progress.unsaved | {event.node for event in events if event.node is not None}
    born = range(progress.nodes, len(nodes))
    unsaved = frozenset[int]()
    if not (with_growing_text or progress.is_closed):
        unsaved = frozenset(id for id in touched if nodes[id].status == "growing")
    if progress.is_opened:
        values = outcome_values(run, progress.status)
        session.execute(update(RUNS).where(RUNS.c.id == run.id), values)
    else:
        session.execute(insert(RUNS), spec_values(run, writer) | outcome_values(run, progress.status))
    if born:
        session.execute(insert(NODES), [node_values(run.id, nodes[id]) for id in born])
    if changed := sorted(touched - unsaved - set(born)):
        rows = [node_values(run.id, nodes[id]) for id in changed]
        session.execute(
            CHANGE_NODE, [{"of_run": row.pop("run_id"), "of_id": row.pop("id")} | row for row in rows]
        )
    if rows := [event_values(run.id, event) for event in events if event.kind != "tokens"]:
        session.execute(insert(EVENTS), rows)
    return replace(
        progress, is_opened=True, events=progress.events + len(events), nodes=len(nodes), unsaved=unsaved
    )


class Writer:
    """Owns the writing thread. All methods may be called from any thread.

    `trouble` is "" or the sentence that says why the last write failed; the writer goes on trying.
    """

    def __init__(self, transaction: Transaction, name: str, place: str, commit_every_seconds: float) -> None:
        self.trouble = ""
        self._transaction = transaction
        self._name = name
        self._place = place
        self._commit_every_seconds = commit_every_seconds
        self._condition = threading.Condition()
        self._here = threading.local()  # .together: what this thread opens together, and has not waited for
        self._runs: dict[str, Progress] = {}
        self._opening: dict[str, Future[None]] = {}  # by run, until it is stored for the first time
        self._jobs: list[tuple[Callable[[Session], Any], Future[Any]]] = []
        self._waiting: list[Future[None]] = []  # for the next commit of everything
        self._has_news = False
        self._wants_growing_text = False
        self._is_stopping = False
        self._thread = threading.Thread(target=self._work, name="ponder-store", daemon=True)
        self._thread.start()

    def open(self, run: Run) -> None:
        """Store a new run; returns once it is committed. Raises StorageError: then it is not stored."""
        with self._condition:
            self._check_is_open()
            if run.id not in self._runs:
                self._runs[run.id] = Progress(run)
                self._opening[run.id] = Future()
                self._condition.notify_all()
            done = self._opening.get(run.id)
        together: list[Future[None]] | None = getattr(self._here, "together", None)
        if done is None:  # somebody else has stored it
            return
        if together is not None:
            together.append(done)
            return
        done.result()

    @contextmanager
    def opening_together(self) -> Generator[None]:
        """Inside, `open` on this thread does not wait; leaving waits for all. Raises StorageError."""
        opened: list[Future[None]] = []
        self._here.together = opened
        try:
            yield
        finally:
            self._here.together = None
        wait(opened)
        for done in opened:
            done.result()

    def tell(self) -> None:
        """Some run has grown: store it within the next batch."""
        with self._condition:
            self._has_news = True
            self._condition.notify_all()

    def close(self, run: Run) -> None:
        """The run is over: seal its record at once, without making the caller wait."""
        with self._condition:
            if run.id in self._runs:
                self._runs[run.id] = replace(self._runs[run.id], is_closed=True)
                self._ask()

    def flush(self) -> None:
        """Return once everything up to now is committed. Raises StorageError."""
        with self._condition:
            self._check_is_open()
            self._wants_growing_text = True
            done = self._ask()
        done.result()

    def call(self, job: Callable[[Session], Any]) -> Any:
        """Run `job` in a transaction of its own on the writing thread, and return what it returns."""
        done: Future[Any] = Future()
        with self._condition:
            self._check_is_open()
            self._jobs.append((job, done))
            self._condition.notify_all()
        return done.result()

    def stop(self) -> None:
        """Commit what is left and end the thread. Raises StorageError if something could not be saved."""
        with self._condition:
            self._is_stopping = self._wants_growing_text = True
            self._condition.notify_all()
        self._thread.join()
        if self._runs and self.trouble:
            raise StorageError(f"{self.trouble} The end of {len(self._runs)} runs was not saved.")

    def _check_is_open(self) -> None:
        if self._is_stopping:
            raise StorageError(f"The database {self._place} is closed.")

    def _ask(self) -> Future[None]:
        done: Future[None] = Future()
        self._waiting.append(done)
        self._condition.notify_all()
        return done

    # ---- on the writing thread -------------------------------------------------------------------------

    def _work(self) -> None:
        text_at = time.monotonic()
        while True:
            with self._condition:
                # Tokens come without being told: while runs are open, look once in a while.
                idle = GROWING_TEXT_EVERY_SECONDS if self._runs else None
                self._condition.wait_for(lambda: self._has_news or self._is_urgent(), idle)
                self._condition.wait_for(self._is_urgent, self._commit_every_seconds)
                waiting, self._waiting = self._waiting, []
                is_stopping, wants_text = self._is_stopping, self._wants_growing_text
                self._has_news = self._wants_growing_text = False
            with_text = wants_text or time.monotonic() - text_at >= GROWING_TEXT_EVERY_SECONDS
            if with_text:
                text_at = time.monotonic()
            failure = self._serve() or self._save_growth(with_text)
            for done in waiting:
                _settle(done, failure)
            if is_stopping:
                return
            if failure:
                with self._condition:
                    self._has_news = True
                    self._condition.wait_for(self._is_urgent, RETRY_AFTER_SECONDS)

    def _is_urgent(self) -> bool:
        return bool(self._is_waited_for() or self._waiting or self._is_stopping)

    def _is_waited_for(self) -> bool:
        """Whether somebody waits for a new run or for a change, which is not to take long."""
        return bool(self._opening or self._jobs)

    def _serve(self) -> str:
        """Store the runs that are new and make the changes that are asked for; returns "" or what failed."""
        with self._condition:
            new = [progress for progress in self._runs.values() if not progress.is_opened]
            jobs, self._jobs = self._jobs, []
        failure = self._commit(new, False)[1] if new else ""
        for job, done in jobs:
            self._do(job, done)
        return failure

    def _save_growth(self, with_growing_text: bool) -> str:
        """Store what open runs have grown, serving whoever waits in between; returns "" or what failed."""
        with self._condition:
            grown = [progress for progress in self._runs.values() if progress.is_opened]
        grown = [progress for progress in grown if progress.has_news]
        while grown:
            count, failure = self._commit(grown, with_growing_text)
            failure = failure or self._serve()
            if failure:
                return failure
            grown = grown[count:]
        return ""

    def _commit(self, runs: list[Progress], with_growing_text: bool) -> tuple[int, str]:
        """Store the first of these runs in one transaction: all, or fewer once somebody waits.

        Returns how many need no more of this pass, and "" or the sentence of a failure worth a retry.
        """
        stored: list[Progress] = []
        try:
            with self._transaction() as session:
                for progress in runs:
                    stored.append(store(session, progress, self._name, with_growing_text))
                    if progress.is_opened and self._is_waited_for():
                        break
        except (OperationalError, OSError, StorageError) as error:
            failure = explain(error, self._place)
            self.trouble = f"{failure} Runs go on; they are saved once it can be written."
            log.warning(self.trouble)
            for progress in runs:
                if not progress.is_opened:  # whoever opens it is told so, and it must not be stored later
                    self._drop(progress.run.id, failure)
            return 0, self.trouble
        except Exception as error:  # one run that cannot be stored must not keep the others from it
            if len(runs) > 1:
                failures = [self._commit([progress], with_growing_text)[1] for progress in runs]
                return len(runs), " ".join(filter(None, failures))
            run_id = runs[0].run.id
            self.trouble = f"The run {run_id} cannot be saved: {explain(error, self._place)}"
            log.exception(self.trouble)
            self._drop(run_id, self.trouble)
            return 1, ""
        self.trouble = ""
        for progress in stored:
            self._take(progress)
        return len(stored), ""

    def _take(self, progress: Progress) -> None:
        """This much of a run is stored."""
        with self._condition:
            current = self._runs.get(progress.run.id)
            if progress.is_closed:
                self._runs.pop(progress.run.id, None)
            elif current is not None:
                self._runs[progress.run.id] = replace(progress, is_closed=current.is_closed)
            opened = self._opening.pop(progress.run.id, None)
        if opened is not None:
            opened.set_result(None)

    def _drop(self, run_id: str, why: str) -> None:
        """The run will not be stored: whoever waits to open it is told why."""
        with self._condition:
            self._runs.pop(run_id, None)
            opened = self._opening.pop(run_id, None)
        if opened is not None:
            opened.set_exception(StorageError(why))

    def _do(self, job: Callable[[Session], Any], done: Future[Any]) -> None:
        try:
            with self._transaction() as session:
                result = job(session)
        except PonderError as error:
            done.set_exception(error)
        except Exception as error:  # the thread must outlive whatever a job does
            log.exception("A change to the stored runs failed.")
            done.set_exception(StorageError(explain(error, self._place)))
        else:
            done.set_result(result)


def _settle(done: Future[None], failure: str) -> None:
    if failure:
        done.set_exception(StorageError(failure))
    else:
        done.set_result(None)
