"""Makes the runs of batches, a few at a time, until they are done, paused or cancelled.

Knows plans, the service and the store. A batch belongs to no page: a closed tab ends nothing, and after a
restart it goes on from the cells that are filled. Does not know what the outcomes mean.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from ulid import ULID

from app import batch_outcomes
from app.batch_outcomes import Outcome
from app.compare_plan import Plan, plan_from
from app.service import Service
from engine.errors import BadInput, PonderError
from engine.runs import Run
from storage.batches import Batch, BatchState
from storage.store import Store

log = logging.getLogger(__name__)

AT_ONCE = 8  # runs of one batch that share the device
MAX_BATCHES = 2  # driven at the same time by this process
LOOK_SECONDS = 0.05
SETTLE_SECONDS = 5.0  # how often the time spent is kept
FAILURES_IN_A_ROW = 5  # then something is wrong that more runs will not mend
MIN_ETA_CELLS = 4
KEPT_READ = 16  # batches of the past whose outcomes stay in memory


@dataclass(frozen=True, slots=True)
class Progress:
    """How a batch stands. `state` is running, paused, interrupted, cancelled or finished.

    `flying`: runs that still go on; a paused batch lets them end. `seconds_left` is None while nothing is
    known of it. `outcomes` are in the order of their cells, the failed ones among them.
    """

    id: str
    plan: Plan
    state: str
    reason: str
    seconds: float
    seconds_left: float | None
    flying: int
    is_ours: bool  # this process may pause, resume or cancel it
    outcomes: tuple[Outcome, ...]


@dataclass(eq=False, slots=True)
class _Drive:
    """A batch that this process drives."""

    id: str
    plan: Plan
    outcomes: dict[int, Outcome]
    pending: deque[int]
    seconds_before: float
    state: BatchState = "running"
    reason: str = ""
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None  # its clock stands while it is not running
    work_before: float = 0.0  # done in earlier turns
    flying: dict[int, Run] = field(default_factory=dict)
    failures: int = 0  # in a row

    @property
    def seconds(self) -> float:
        return self.seconds_before + (self.ended or time.monotonic()) - self.began


class BatchDriver:
    """All batches of one service. Methods may be called from any thread."""

    def __init__(self, service: Service, at_once: int = AT_ONCE) -> None:
        self._service = service
        self._at_once = at_once
        self._drives: dict[str, _Drive] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.RLock()
        self._is_closing = threading.Event()
        self._read: dict[str, tuple[tuple[str, float], tuple[Outcome, ...]]] = {}

    # ---- what a person does ----------------------------------------------------------------------------

    def start(self, plan: Plan) -> str:
        """Keep a new batch and begin it; returns its id. Raises PonderError: then there is none."""
        store = self._store()
        for cell in range(min(plan.cells, len(plan.parts) * len(plan.lanes))):  # one problem stands for all
            self._service.check(plan.spec(cell))
        self._refuse_too_many()
        id = str(ULID())
        store.add_batch(id, plan.record())
        self.resume(id)
        return id

    def resume(self, id: str) -> None:
        """Go on with a paused or interrupted batch; failed runs are made again. Raises PonderError."""
        store = self._store()
        with self._lock:
            batch = store.batch(id)
            drive = self._drives.get(id)
            if drive is not None and drive.state == "running":
                return
            if batch.state in ("finished", "cancelled"):
                raise BadInput(f"This batch is {batch.state}; start a new one.")
            if drive is None:
                self._refuse_too_many()
            if not store.claim_batch(id):
                raise BadInput("Another Ponder on this machine is running this batch.")
            if drive is None:
                drive = self._drives[id] = self._drive_of(batch)
            else:
                self._set_going(drive)
            if id not in self._threads:
                self._threads[id] = threading.Thread(
                    target=self._work, args=(drive,), name=f"batch-{id}", daemon=True
                )
                self._threads[id].start()

    def pause(self, id: str) -> None:
        """Begin no more runs; those under way end and count. Raises BatchNotFound or StorageError."""
        self._halt(id, "paused", "Paused.")

    def cancel(self, id: str) -> None:
        """End it for good and stop what runs; what is done is kept. Raises BatchNotFound or StorageError."""
        self._halt(id, "cancelled", "Cancelled; what was done until then is kept.")

    # ---- how it stands ---------------------------------------------------------------------------------

    def progress(self, id: str) -> Progress:
        """How a batch stands, whoever drives it. Raises BatchNotFound or StorageError."""
        with self._lock:
            drive = self._drives.get(id)
            if drive is not None:
                return self._progress(drive)
        batch = self._store().batch(id)
        plan = plan_from(batch.plan)
        state, reason = batch.state, batch.reason
        if state == "running" and not batch.is_driven:
            state, reason = (
                "interrupted",
                "Ponder was stopped while it ran. What was done until then is kept.",
            )
        return Progress(
            id, plan, state, reason, batch.seconds, None, 0, not batch.is_driven, self._stored(batch, plan)
        )

    def latest(self, limit: int = 6) -> list[Batch]:
        """The newest batches; none where nothing is saved."""
        return [] if self._service.store is None else self._service.store.batches(limit)

    def close(self) -> None:
        """Stop driving at once, before the service closes; a batch that was running can be resumed."""
        self._is_closing.set()
        for thread in list(self._threads.values()):
            thread.join()

    # ---- driving ---------------------------------------------------------------------------------------

    def _store(self) -> Store:
        if self._service.store is None:
            raise BadInput("A batch needs a database, and this Ponder was started without saving.")
        return self._service.store

    def _refuse_too_many(self) -> None:
        driven = sum(1 for drive in self._drives.values() if drive.state == "running")
        if driven >= MAX_BATCHES:
            raise BadInput(f"{driven} batches are running here already: pause one of them first.")

    def _drive_of(self, batch: Batch) -> _Drive:
        plan = plan_from(batch.plan)
        outcomes = {one.cell: one for one in self._stored(batch, plan) if not one.is_failed}
        pending = deque(cell for cell in range(plan.cells) if cell not in outcomes)
        done = sum(plan.weight(cell) for cell in outcomes)
        return _Drive(batch.id, plan, outcomes, pending, batch.seconds, work_before=done)

    def _set_going(self, drive: _Drive) -> None:
        """Start a halted drive's clock again; what failed is made again."""
        again = [cell for cell, one in drive.outcomes.items() if one.is_failed]
        for cell in again:
            del drive.outcomes[cell]
        drive.pending = deque(sorted({*drive.pending, *again}))
        drive.seconds_before = drive.seconds
        drive.began, drive.ended = time.monotonic(), None
        drive.state, drive.reason, drive.failures = "running", "", 0
        drive.work_before = sum(drive.plan.weight(cell) for cell in drive.outcomes)

    def _halt(self, id: str, state: BatchState, reason: str) -> None:
        store = self._store()
        with self._lock:
            drive = self._drives.get(id)
            if drive is None:
                batch = store.batch(id)
                if batch.is_driven:
                    raise BadInput("Another Ponder on this machine is running this batch.")
                if batch.state != "finished":
                    store.settle_batch(id, state, reason, batch.seconds)
                return
            if drive.state == "finished" or drive.state == "cancelled":
                return
            self._stand(drive, state, reason)
            flying = list(drive.flying.values())
        if state == "cancelled":
            for run in flying:
                self._service.cancel(run.id)
        store.settle_batch(id, state, reason, drive.seconds)

    def _stand(self, drive: _Drive, state: BatchState, reason: str) -> None:
        drive.state, drive.reason = state, reason
        drive.ended = drive.ended or time.monotonic()

    def _work(self, drive: _Drive) -> None:
        kept_at = time.monotonic()
        while not self._is_closing.is_set():
            with self._lock:
                if drive.state != "running" and not drive.flying:
                    del self._threads[drive.id]  # whoever resumes it starts another
                    return
            try:
                self._collect(drive)
                self._launch(drive)
                if drive.state == "running" and not drive.pending and not drive.flying:
                    self._finish(drive)
                if drive.state == "running" and time.monotonic() - kept_at > SETTLE_SECONDS:
                    self._keep(drive)
                    kept_at = time.monotonic()
            except PonderError as error:  # the database, or a model that has gone
                self._give_up(drive, str(error))
            except Exception as error:  # a bug here must not leave a batch that says it runs
                log.exception("batch %s", drive.id)
                self._give_up(drive, f"It stopped on an unexpected {type(error).__name__}.")
            self._is_closing.wait(LOOK_SECONDS)

    def _launch(self, drive: _Drive) -> None:
        with self._lock:
            if drive.state != "running":
                return
            at_once = (
                1 if drive.plan.unit == "seconds" else self._at_once
            )  # seconds are those of one run alone
            room = at_once - len(drive.flying)
            cells = [drive.pending.popleft() for _ in range(min(room, len(drive.pending)))]
        if not cells:
            return
        try:
            runs = self._service.submit_all([drive.plan.spec(cell, drive.id) for cell in cells])
        except PonderError:
            with self._lock:
                drive.pending.extendleft(reversed(cells))
            raise
        with self._lock:
            drive.flying |= dict(zip(cells, runs, strict=True))
            is_cancelled = drive.state == "cancelled"
        if is_cancelled:  # while they were being stored
            for run in runs:
                self._service.cancel(run.id)

    def _collect(self, drive: _Drive) -> None:
        over = {cell: run for cell, run in list(drive.flying.items()) if run.is_over}
        outcomes = {cell: batch_outcomes.from_run(run) for cell, run in over.items()}
        reason = ""
        with self._lock:
            for cell, one in outcomes.items():
                del drive.flying[cell]
                if one.status in ("cancelled", "interrupted"):
                    drive.pending.appendleft(cell)
                    continue
                drive.outcomes[cell] = one
                drive.failures = drive.failures + 1 if one.is_failed else 0
                if drive.failures >= FAILURES_IN_A_ROW:
                    reason = f"{drive.failures} runs in a row failed: {over[cell].status_reason}"
        if reason and drive.state == "running":
            self._give_up(drive, reason)

    def _finish(self, drive: _Drive) -> None:
        self._service.flush()
        with self._lock:
            if drive.state != "running":
                return
            reason = "All runs are done."
            self._store().settle_batch(drive.id, "finished", reason, drive.seconds)  # kept before it is said
            self._stand(drive, "finished", reason)

    def _give_up(self, drive: _Drive, reason: str) -> None:
        """Pause because it cannot go on; the reason says why."""
        with self._lock:
            if drive.state == "running":
                self._stand(drive, "paused", reason)
        try:
            self._keep(drive)
        except PonderError:
            log.warning("batch %s: how it stands cannot be kept", drive.id)

    def _keep(self, drive: _Drive) -> None:
        self._store().settle_batch(drive.id, drive.state, drive.reason, drive.seconds)

    # ---- reading ---------------------------------------------------------------------------------------

    def _progress(self, drive: _Drive) -> Progress:
        outcomes = tuple(drive.outcomes[cell] for cell in sorted(drive.outcomes))
        return Progress(
            drive.id, drive.plan, drive.state, drive.reason, drive.seconds, self._seconds_left(drive),
            len(drive.flying), True, outcomes,
        )  # fmt: skip

    def _seconds_left(self, drive: _Drive) -> float | None:
        """What is left at the speed of this turn, by share of the budget: small ones end sooner."""
        if drive.state != "running":
            return None
        done = sum(drive.plan.weight(cell) for cell in drive.outcomes)
        left = sum(map(drive.plan.weight, range(drive.plan.cells))) - done
        now, seconds = done - drive.work_before, time.monotonic() - drive.began
        if now < MIN_ETA_CELLS * min(drive.plan.parts):
            now, seconds = done, drive.seconds
            if len(drive.outcomes) < MIN_ETA_CELLS:
                return None
        return left * seconds / now

    def _stored(self, batch: Batch, plan: Plan) -> tuple[Outcome, ...]:
        """The outcomes in the database, judged once for every change of the batch."""
        stamp = (batch.state, batch.seconds)
        kept = self._read.get(batch.id)
        if kept is not None and kept[0] == stamp and not batch.is_driven:
            return kept[1]
        outcomes = tuple(
            batch_outcomes.from_stored(cell, plan.problems[plan.place(cell.cell)[0]], plan.family)
            for cell in self._store().cells(batch.id)
            if 0 <= cell.cell < plan.cells
        )
        if len(self._read) >= KEPT_READ:
            self._read.clear()
        self._read[batch.id] = (stamp, outcomes)
        return outcomes
