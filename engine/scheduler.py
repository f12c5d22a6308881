"""The only loop: it resumes strategies, batches the requests of all runs, and seals finished runs.

Knows runs, backends, scorers and checkers through their protocols, and the order of one turn: commands, new
runs, checks, one scoring call for each scorer, one decode step for each backend, sinks. Does not know any
strategy or model, and never opens a database: sinks are told what happened.

Runs share no barrier: each goes on as soon as its own requests are done. One thread runs the turns; submit
and cancel may be called from any.
"""

from __future__ import annotations

import platform
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from ulid import ULID

from engine import cost, forking, run_ends, strategies, waiting_programs
from engine.accounting import Ledger
from engine.active_run import ActiveRun
from engine.admission import ModelFacts, admit
from engine.backends.protocol import Backend
from engine.checks import Checker, Rules
from engine.entries import Clock, Entry
from engine.errors import BadInput
from engine.fair_shares import FairShares
from engine.loaded_models import LoadBackend, LoadedModels, LoadScorer
from engine.row_sharing import fill_rows
from engine.runs import Run, RunSpec, RunStatus
from engine.sandbox import background, choosing
from engine.scoring.protocol import JUDGE, RUNS_SHOWN_TESTS_ONLY, Scorer
from engine.sinks import Sink
from engine.tasks import is_program
from engine.tasks.problem import Problem
from engine.telling import Sinks
from engine.tree import Node, Tree
from engine.waiting_lines import WaitingLines

T = TypeVar("T")

KEPT_RUNS = 64  # finished runs kept in memory
MAX_WAITING_RUNS = 10_000  # of one owner
PROGRAM_WAIT_SECONDS = 0.02  # at most between two turns that have nothing to do but wait for programs
MAX_LOADED_MODELS = 3


class Scheduler:
    """Runs every submitted spec to its end, all of them together.

    `load_scorer` takes the scorer's and the model's name. Loading happens on the thread that runs the turns.
    `prices` is asked once a run, with the device it runs on.
    """

    def __init__(
        self,
        load_backend: LoadBackend,
        load_scorer: LoadScorer,
        check_model: Callable[[str], ModelFacts],
        sinks: Sequence[Sink] = (),
        max_loaded_models: int = MAX_LOADED_MODELS,
        checker: Checker | None = None,
        prices: Callable[[str], cost.Prices] = cost.prices_for,
    ) -> None:
        self.runs: dict[str, Run] = {}
        self.decode_steps = 0  # over all backends, since the start
        self._models = LoadedModels(load_backend, load_scorer, max_loaded_models)
        self._check_model = check_model
        self._sinks = Sinks(sinks)
        self._checker = checker or Rules()
        self._prices = prices
        self._inbox: deque[Entry] = deque()
        self._to_cancel: set[str] = set()
        self._shares = FairShares()
        self._lines = WaitingLines(self._shares)
        self._active: list[Entry] = []
        self._turn = 0
        self._wake = threading.Condition()
        self._step_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_stopping = False

    # ---- from any thread -------------------------------------------------------------------------------

    def submit(
        self,
        spec: RunSpec,
        source: Run | None = None,
        foretell: Callable[[RunSpec, Problem], dict[str, Any]] | None = None,
    ) -> Run:
        """Queue a run and return it at once. Everything that is cheap to check is checked here.

        `source` is the run that `spec.origin` names; `foretell` gives the run's forecast. Raises BadInput,
        OutsideFamily, ModelUnavailable or ScorerUnavailable with one sentence; then nothing was queued. What
        a sink's `opened` raises is passed on in the same way.
        """
        spec, problem = self.check(spec, source)
        self._refuse_a_crowd(spec.owner)
        clock = Clock()
        tree = Tree(problem.text, problem, clock, spec.seed)
        start = tree.root
        if spec.origin is not None and source is not None:
            start = forking.graft(tree, forking.path_to(source, spec.origin), spec.origin.steps, source.id)
        run = Run(
            id=str(ULID()), spec=spec, tree=tree, forecast=foretell(spec, problem) if foretell else None
        )
        self._sinks.open(run)
        with self._wake:
            self.runs[run.id] = run
            self._inbox.append(Entry(run, clock, start))
            self._wake.notify_all()
        return run

    def check(self, spec: RunSpec, source: Run | None = None) -> tuple[RunSpec, Problem]:
        """The spec as it would run, and its problem; queues nothing. Raises what `submit` raises."""
        if spec.origin is not None:
            if source is None:
                raise BadInput(f"The run {spec.origin.run} that this one is forked from is not here.")
            spec = forking.forked(spec, source)
        return admit(spec, self._check_model(spec.model))

    def _refuse_a_crowd(self, owner: str) -> None:
        with self._wake:
            waiting = sum(run.status == "queued" and run.spec.owner == owner for run in self.runs.values())
        if waiting >= MAX_WAITING_RUNS:
            raise BadInput(f"{waiting:,} of your runs wait already: ask again when some of them are over.")

    def cancel(self, run_id: str) -> None:
        """Stop a run within one decode step; what it has is kept. Unknown or finished runs are ignored."""
        with self._wake:
            run = self.runs.get(run_id)
            if run is not None and not run.is_over:
                self._to_cancel.add(run_id)
                self._wake.notify_all()

    def start(self) -> None:
        """Run the turns on a thread of their own until `stop`."""
        if self._thread is None:
            self._is_stopping = False
            self._thread = threading.Thread(target=self._work, name="ponder-scheduler", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread after its turn and seal what still runs as interrupted."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._step_lock:
            self._take_commands()
            for entry in [*self._active, *self._lines]:
                self._seal(entry, "interrupted", "Ponder was stopped while it ran.")

    def run_until_idle(self) -> None:
        """Run the turns on this thread until no work remains."""
        while self.step():
            pass

    # ---- one turn --------------------------------------------------------------------------------------

    def step(self) -> bool:
        """One turn; says whether work remains."""
        with self._step_lock:
            self._turn += 1
            self._take_commands()
            self._start_queued()
            self._check()
            self._score()
            steps = self.decode_steps
            self._decode()
            for entry in list(self._active):
                self._charge(entry)
                if entry.active is not None and entry.active.is_done:
                    self._complete(entry)
            self._sinks.flush(self._active)
            if steps == self.decode_steps and any(entry.waits_since for entry in self._active):
                background.wait(PROGRAM_WAIT_SECONDS)  # nothing else to do
        with self._wake:
            return bool(self._active or self._lines or self._inbox)

    def _work(self) -> None:
        while not self._is_stopping:
            if not self.step():
                with self._wake:
                    self._wake.wait_for(lambda: self._inbox or self._to_cancel or self._is_stopping)

    def _take_commands(self) -> None:
        with self._wake:
            arrived = list(self._inbox)
            self._inbox.clear()
            to_cancel, self._to_cancel = self._to_cancel, set()
        for entry in arrived:
            self._lines.join(entry, self._active)
        if to_cancel:
            for entry in [*self._active, *self._lines]:
                if entry.run.id in to_cancel:
                    self._seal(entry, "cancelled", "Cancelled; what it had until then is kept.")

    def _start_queued(self) -> None:
        while entry := self._lines.next(self._active, self._models.has_room):
            in_use = {other.run.spec.model for other in self._active}
            self._active.append(entry)
            self._guard(entry, lambda entry=entry, in_use=in_use: self._begin(entry, in_use))

    def _begin(self, entry: Entry, in_use: Collection[str]) -> None:
        run, spec = entry.run, entry.run.spec
        backend = self._models.backend(spec.model, in_use)
        scorer = spec.params.get("scorer")
        if scorer is not None and scorer != JUDGE:
            self._models.scorer(scorer, spec.model)  # one that cannot load should fail before work begins
        facts = backend.describe()
        run.environment = {"model": spec.model, "python": platform.python_version(), **facts}
        if is_program(run.tree.problem):
            run.environment |= choosing.environment()
        entry.clock.started = time.perf_counter()
        run.usage.queue_seconds = entry.clock.started - entry.clock.submitted
        prices = self._prices(str(facts.get("device", "cpu")))
        run.environment["prices"] = asdict(prices)
        ledger = Ledger(spec.budget, run.usage, backend.parameters, prices, entry.clock)
        search = strategies.STRATEGIES[spec.strategy].function(entry.start, **spec.params)
        run.status = "running"
        entry.active = ActiveRun(run, search, backend, ledger)
        entry.active.resume()

    def _check(self) -> None:
        """Check what runs have asked to be checked; each run's answers in one call."""
        for entry in list(self._active):
            if entry.active is not None and entry.active.check is not None:
                self._guard(entry, lambda entry=entry, active=entry.active: self._check_one(entry, active))

    def _check_one(self, entry: Entry, active: ActiveRun) -> None:
        assert active.check is not None
        if not waiting_programs.have_run(entry, active, active.check.nodes, is_shown_only=True):
            return
        began = time.perf_counter()
        findings = self._checker.check(active.check.nodes, active.backend.profile)
        active.checked(findings, time.perf_counter() - began)

    def _score(self) -> None:
        """One call a scorer for all runs that wait for it."""
        waiting: dict[int, tuple[Scorer, list[Entry]]] = {}
        for entry in list(self._active):
            if entry.active is not None and entry.active.score is not None:
                self._guard(entry, lambda entry=entry: self._join_batch(entry, waiting))
        for scorer, entries in waiting.values():
            self._score_batch(scorer, entries)

    def _join_batch(self, entry: Entry, waiting: dict[int, tuple[Scorer, list[Entry]]]) -> None:
        assert entry.active is not None
        assert entry.active.score is not None
        scorer = self._models.scorer(entry.active.score.by, entry.run.spec.model)
        nodes = entry.active.score.nodes
        is_shown_only = RUNS_SHOWN_TESTS_ONLY.get(scorer.name)
        if is_shown_only is not None and not waiting_programs.have_run(
            entry, entry.active, nodes, is_shown_only=is_shown_only
        ):
            return
        waiting.setdefault(id(scorer), (scorer, []))[1].append(entry)

    def _score_batch(self, scorer: Scorer, entries: list[Entry]) -> None:
        asked: list[tuple[Entry, ActiveRun, list[Node]]] = []
        for entry in entries:
            assert entry.active is not None
            nodes = self._guard(entry, lambda active=entry.active: active.affordable(scorer))
            if nodes is not None:
                asked.append((entry, entry.active, nodes))
        began = time.perf_counter()
        batch = [node for _, _, nodes in asked for node in nodes]
        try:
            verdicts = list(scorer.score(batch)) if batch else []
        except Exception as error:  # noqa: BLE001 - a bad batch is data, not a crash
            # One run's node may be at fault: the others must not fail with it.
            if len(entries) == 1:
                self._fail(entries[0], error)
                return
            for entry in entries:
                self._score_batch(scorer, [entry])
            return
        seconds = time.perf_counter() - began
        total = sum(verdict.tokens for verdict in verdicts)
        at = 0
        for entry, active, nodes in asked:
            own = verdicts[at : at + len(nodes)]
            at += len(nodes)
            tokens = sum(verdict.tokens for verdict in own)
            share = tokens / total if total else len(nodes) / max(1, len(batch))
            active.ledger.charge_scoring(tokens, scorer.parameters, seconds * share, seconds)
            self._guard(entry, lambda active=active, nodes=nodes, own=own: active.judge(nodes, own, scorer))

    def _decode(self) -> None:
        """Fill every backend's rows, fairly, and take one decode step on each that has any."""
        by_backend: dict[int, tuple[Backend, list[Entry]]] = {}
        for entry in list(self._active):
            if entry.active is not None and not entry.active.is_done:
                self._guard(entry, entry.active.enforce)
            if entry.active is not None and entry.active.expand is not None:
                backend = entry.active.backend
                by_backend.setdefault(id(backend), (backend, []))[1].append(entry)
        for backend, entries in by_backend.values():
            first = self._turn % len(entries)
            fill_rows(backend.max_rows, entries[first:] + entries[:first], self._shares)
            self._decode_step(backend, entries)

    def _charge(self, entry: Entry) -> None:
        """Book on the owner's share what his run has spent since the last turn, prompts included."""
        usage = entry.run.usage
        tokens = usage.prompt_tokens + usage.spent_tokens
        self._shares.charge(entry.party, tokens - entry.charged_tokens)
        entry.charged_tokens = tokens

    def _decode_step(self, backend: Backend, entries: list[Entry]) -> None:
        owners = {
            request_id: entry
            for entry in entries
            if entry.active is not None
            for request_id in entry.active.flying
        }
        if not owners:
            return
        began = time.perf_counter()
        try:
            chunks = backend.step()
        except Exception as error:  # noqa: BLE001 - the runs fail, the scheduler survives
            for entry in set(owners.values()):
                self._fail(entry, error)
            return
        seconds = time.perf_counter() - began
        self.decode_steps += 1
        for entry in dict.fromkeys(owners.values()):
            assert entry.active is not None
            entry.active.ledger.charge_step(seconds * len(entry.active.flying) / len(owners), seconds)
        for chunk in chunks:
            entry = owners.get(chunk.request_id)
            if entry is not None and entry.active is not None and chunk.request_id in entry.active.flying:
                self._guard(entry, lambda active=entry.active, chunk=chunk: active.receive(chunk))

    # ---- ends ------------------------------------------------------------------------------------------

    def _guard(self, entry: Entry, act: Callable[[], T]) -> T | None:
        """Do something for one run; whatever it raises fails that run and no other."""
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - a bad run is data, not a crash
            self._fail(entry, error)
            return None

    def _fail(self, entry: Entry, error: Exception) -> None:
        self._seal(entry, "failed", run_ends.why_failed(entry.run, error))

    def _complete(self, entry: Entry) -> None:
        active, run = entry.active, entry.run
        assert active is not None
        entry.clock.stop()  # what follows is the verdict on the run, and not of it
        chosen = [] if active.answer_node is None else [active.answer_node]
        if not self._guard(
            entry, lambda: waiting_programs.have_run(entry, active, chosen, is_shown_only=False)
        ):
            return
        self._guard(entry, lambda: run_ends.answer(run, active))
        if not run.is_over:  # over already where the answer could not be judged
            self._seal(entry, *run_ends.how_it_ended(run, active))

    def _seal(self, entry: Entry, status: RunStatus, reason: str) -> None:
        """The run is over: free what it held, complete its record, tell the sinks."""
        run, active = entry.run, entry.active
        self._charge(entry)
        self._lines.leave(entry)
        if entry in self._active:
            self._active.remove(entry)
        background.release(run.id)
        if active is not None:
            active.close()
            active.backend.release(run.id)
            for scorer in self._models.scorers():
                scorer.release(run.id)
        run_ends.complete_record(entry, status, reason)
        self._sinks.close(entry)
        self._forget_old()

    def _forget_old(self) -> None:
        with self._wake:
            over = [run_id for run_id, run in self.runs.items() if run.is_over]
            for run_id in over[:-KEPT_RUNS]:
                del self.runs[run_id]
