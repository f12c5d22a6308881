"""The only loop: it resumes strategies, batches the requests of all runs, and seals finished runs.

Knows runs, backends, scorers and checkers through their protocols, and the order of one turn: commands, new
runs, checks, one scoring call for each scorer, one decode step for each backend, sinks. Does not know any
strategy or model, and never opens a database: sinks are told what happened.

Runs share no barrier: each goes on as soon as its own requests are done. One thread runs the turns; submit
and cancel may be called from any.
"""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from ulid import ULID

from engine import answers, cost, forking, strategies
from engine.accounting import Ledger, limits_in_words, peak_memory_bytes
from engine.active_run import ActiveRun, StrategyBug
from engine.admission import ModelFacts, admit
from engine.backends.protocol import Backend
from engine.checks import Checker, Rules, programs_have_run
from engine.errors import BadInput, PonderError
from engine.fair_shares import FairShares, Party
from engine.loaded_models import LoadBackend, LoadedModels, LoadScorer
from engine.runs import Run, RunSpec, RunStatus
from engine.sandbox import background, choosing
from engine.scoring.protocol import JUDGE, RUNS_SHOWN_TESTS_ONLY, Scorer
from engine.sinks import Sink
from engine.tasks import is_program
from engine.tasks.problem import Problem
from engine.tree import Node, Tree

log = logging.getLogger(__name__)
T = TypeVar("T")

FLUSH_SECONDS = 0.1
KEPT_RUNS = 64  # finished runs kept in memory
MAX_ACTIVE_RUNS = 64  # a newcomer may start one beyond it, up to twice as many in all
PROGRAM_WAIT_SECONDS = 0.02  # at most between two turns that have nothing to do but wait for programs
MAX_LOADED_MODELS = 3


@dataclass(eq=False, slots=True)
class _Clock:
    """Seconds since the run began; 0 while it is queued."""

    submitted: float = field(default_factory=lambda: time.perf_counter())
    started: float | None = None
    stopped: float | None = None

    def __call__(self) -> float:
        now = time.perf_counter() if self.stopped is None else self.stopped
        return 0.0 if self.started is None else now - self.started

    def stop(self) -> None:
        """Stand still from now on; a clock that stands does not move again."""
        self.stopped = self.stopped or time.perf_counter()


@dataclass(eq=False, slots=True)
class _Entry:
    """A run that is not over: its clock, its active part once started, and what each sink has been told."""

    run: Run
    clock: _Clock
    start: Node  # where its strategy begins: the question, or the end of a copied path
    told: dict[int, int] = field(default_factory=dict)  # by sink, how many events it has taken
    active: ActiveRun | None = None
    waits_since: float | None = None  # for programs to have run
    charged_tokens: int = 0  # to its party's share

    @property
    def party(self) -> Party:
        return self.run.spec.owner, self.run.spec.batch or ""


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
        self._sinks = tuple(sinks)
        self._checker = checker or Rules()
        self._prices = prices
        self._inbox: deque[_Entry] = deque()
        self._to_cancel: set[str] = set()
        self._queued: dict[Party, list[_Entry]] = {}  # no line is empty
        self._active: list[_Entry] = []
        self._shares = FairShares()
        self._flushed_at = 0.0
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
        clock = _Clock()
        tree = Tree(problem.text, problem, clock, spec.seed)
        start = tree.root
        if spec.origin is not None and source is not None:
            start = forking.graft(tree, forking.path_to(source, spec.origin), spec.origin.steps, source.id)
        run = Run(
            id=str(ULID()), spec=spec, tree=tree, forecast=foretell(spec, problem) if foretell else None
        )
        for sink in self._sinks:
            sink.opened(run)
        with self._wake:
            self.runs[run.id] = run
            self._inbox.append(_Entry(run, clock, start))
            self._wake.notify_all()
        return run

    def check(self, spec: RunSpec, source: Run | None = None) -> tuple[RunSpec, Problem]:
        """The spec as it would run, and its problem; queues nothing. Raises what `submit` raises."""
        if spec.origin is not None:
            if source is None:
                raise BadInput(f"The run {spec.origin.run} that this one is forked from is not here.")
            spec = forking.forked(spec, source)
        return admit(spec, self._check_model(spec.model))

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
            for entry in [*self._active, *self._waiting()]:
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
            self._flush()
            if steps == self.decode_steps and any(entry.waits_since for entry in self._active):
                background.wait(PROGRAM_WAIT_SECONDS)  # nothing else to do
        with self._wake:
            return bool(self._active or self._queued or self._inbox)

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
            present = {other.party for other in self._active} | self._queued.keys()
            self._shares.join(entry.party, present)
            self._queued.setdefault(entry.party, []).append(entry)
        if to_cancel:
            for entry in [*self._active, *self._waiting()]:
                if entry.run.id in to_cancel:
                    self._seal(entry, "cancelled", "Cancelled; what it had until then is kept.")

    def _waiting(self) -> list[_Entry]:
        return [entry for line in self._queued.values() for entry in line]

    def _leave_line(self, entry: _Entry) -> None:
        line = self._queued.get(entry.party, [])
        if entry in line:
            line.remove(entry)
            if not line:
                del self._queued[entry.party]

    def _start_queued(self) -> None:
        """Start what there is room for; the owner who has had least comes first, and his first run.

        Where his run needs a model that there is no room for, nothing is started for those who have had
        more: the models in use would never be free for it.
        """
        lines = dict(self._queued)
        while lines and len(self._active) < 2 * MAX_ACTIVE_RUNS:
            begun = Counter(entry.party for entry in self._active)
            in_use = {entry.run.spec.model for entry in self._active}
            if len(self._active) >= MAX_ACTIVE_RUNS:
                lines = {party: line for party, line in lines.items() if _is_newcomer(party, begun)}
                if not lines:
                    return
            party = self._shares.next(lines, begun)
            fits = (entry for entry in lines[party] if self._models.has_room(entry.run.spec.model, in_use))
            entry = next(fits, None)
            if entry is None:
                if any(owner != party[0] for owner, _ in begun):
                    return
                del lines[party]
                continue
            self._leave_line(entry)
            if not lines[party]:
                del lines[party]
            self._active.append(entry)
            self._guard(entry, lambda entry=entry, in_use=in_use: self._begin(entry, in_use))

    def _begin(self, entry: _Entry, in_use: Collection[str]) -> None:
        run, spec = entry.run, entry.run.spec
        backend = self._models.backend(spec.model, in_use)
        scorer = spec.params.get("scorer")
        if scorer is not None and scorer != JUDGE:
            self._models.scorer(
                scorer, spec.model
            )  # a scorer that cannot load should fail before work begins
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

    def _check_one(self, entry: _Entry, active: ActiveRun) -> None:
        assert active.check is not None
        if not self._have_run(entry, active, active.check.nodes, is_shown_only=True):
            return
        began = time.perf_counter()
        findings = self._checker.check(active.check.nodes, active.backend.profile)
        active.checked(findings, time.perf_counter() - began)

    def _have_run(
        self, entry: _Entry, active: ActiveRun, nodes: Sequence[Node], *, is_shown_only: bool
    ) -> bool:
        """Whether the programs that these nodes answer with have run; begins those that have not.

        They run beside the turns, so that no run waits for another's. A run whose time is over while it waits
        goes on without.
        """
        if not is_program(entry.run.tree.problem):
            return True
        has_run = programs_have_run(nodes, entry.run.id, is_shown_only=is_shown_only)
        is_late = not has_run and not active.is_done and not active.ledger.has_time()
        if not has_run and not is_late:
            entry.waits_since = entry.waits_since or time.perf_counter()
        elif entry.waits_since is not None:
            if not active.is_done:
                active.ledger.charge_checking(time.perf_counter() - entry.waits_since)
            entry.waits_since = None
        if is_late:
            active.run_out_of_time()
        return has_run

    def _score(self) -> None:
        """One call a scorer for all runs that wait for it."""
        waiting: dict[int, tuple[Scorer, list[_Entry]]] = {}
        for entry in list(self._active):
            if entry.active is not None and entry.active.score is not None:
                self._guard(entry, lambda entry=entry: self._join_batch(entry, waiting))
        for scorer, entries in waiting.values():
            self._score_batch(scorer, entries)

    def _join_batch(self, entry: _Entry, waiting: dict[int, tuple[Scorer, list[_Entry]]]) -> None:
        assert entry.active is not None
        assert entry.active.score is not None
        scorer = self._models.scorer(entry.active.score.by, entry.run.spec.model)
        nodes = entry.active.score.nodes
        is_shown_only = RUNS_SHOWN_TESTS_ONLY.get(scorer.name)
        if is_shown_only is not None and not self._have_run(
            entry, entry.active, nodes, is_shown_only=is_shown_only
        ):
            return
        waiting.setdefault(id(scorer), (scorer, []))[1].append(entry)

    def _score_batch(self, scorer: Scorer, entries: list[_Entry]) -> None:
        asked: list[tuple[_Entry, ActiveRun, list[Node]]] = []
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
        by_backend: dict[int, tuple[Backend, list[_Entry]]] = {}
        for entry in list(self._active):
            if entry.active is not None and not entry.active.is_done:
                self._guard(entry, entry.active.enforce)
            if entry.active is not None and entry.active.expand is not None:
                backend = entry.active.backend
                by_backend.setdefault(id(backend), (backend, []))[1].append(entry)
        for backend, entries in by_backend.values():
            self._fill_rows(backend, entries)
            self._decode_step(backend, entries)

    def _fill_rows(self, backend: Backend, entries: list[_Entry]) -> None:
        """Give the free rows away one by one, to the owner who has had least; within one, run by run.

        Some rows are kept for those who have none, so that a newcomer need not wait for a branch to end.
        """
        first = self._turn % len(entries)
        rows: Counter[Party] = Counter()
        lines: dict[Party, deque[ActiveRun]] = {}
        for entry in entries[first:] + entries[:first]:
            if entry.active is None:
                continue
            rows[entry.party] += len(entry.active.flying)
            if entry.active.waiting_rows:
                lines.setdefault(entry.party, deque()).append(entry.active)
        free = backend.max_rows - rows.total()
        while free > 0 and lines:
            if free <= _kept_rows(backend.max_rows):
                lines = {party: line for party, line in lines.items() if _is_newcomer(party, rows)}
                if not lines:
                    return
            party = self._shares.next(lines, rows)
            run = lines[party].popleft()
            run.launch()
            self._shares.begin()
            rows[party] += 1
            free -= 1
            if run.waiting_rows:
                lines[party].append(run)
            elif not lines[party]:
                del lines[party]

    def _charge(self, entry: _Entry) -> None:
        """Book on the owner's share what his run has spent since the last turn, prompts included."""
        usage = entry.run.usage
        tokens = usage.prompt_tokens + usage.spent_tokens
        self._shares.charge(entry.party, tokens - entry.charged_tokens)
        entry.charged_tokens = tokens

    def _decode_step(self, backend: Backend, entries: list[_Entry]) -> None:
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

    def _guard(self, entry: _Entry, act: Callable[[], T]) -> T | None:
        """Do something for one run; whatever it raises fails that run and no other."""
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - a bad run is data, not a crash
            self._fail(entry, error)
            return None

    def _fail(self, entry: _Entry, error: Exception) -> None:
        if isinstance(error, PonderError):
            reason = str(error)
        else:
            log.warning("run %s failed", entry.run.id, exc_info=error)
            what = (
                "The strategy has a bug"
                if isinstance(error, StrategyBug)
                else f"It stopped on an unexpected {type(error).__name__}"
            )
            reason = f"{what}: {error}." if str(error) else f"{what}."
        self._seal(entry, "failed", " ".join(reason.split()))

    def _complete(self, entry: _Entry) -> None:
        active, run = entry.active, entry.run
        assert active is not None
        entry.clock.stop()  # what follows is the verdict on the run, and not of it
        chosen = [] if active.answer_node is None else [active.answer_node]
        if not self._guard(entry, lambda: self._have_run(entry, active, chosen, is_shown_only=False)):
            return
        self._guard(entry, lambda: self._answer(entry, active))
        if run.is_over:  # the answer could not be judged
            return
        if active.was_cut:
            self._seal(
                entry,
                "partial",
                f"The budget of {limits_in_words(run.spec.budget)} ended it before the strategy was done.",
            )
        else:
            self._seal(entry, "finished", "The strategy was done.")

    def _answer(self, entry: _Entry, active: ActiveRun) -> None:
        run, node = entry.run, active.answer_node
        if node is not None and node is not run.tree.root:
            how = "Best so far when the budget ended." if active.was_cut else "Chosen by the strategy."
            run.tree.answered(node, f"{how} {node.reason}".strip() if node.status != "finished" else how)
            run.answer_node, run.answer = node, node.answer
        assert run.tree.problem is not None
        run.is_correct = answers.is_correct(run.tree.problem, run.answer)

    def _seal(self, entry: _Entry, status: RunStatus, reason: str) -> None:
        """The run is over: free what it held, complete its record, tell the sinks."""
        run, active = entry.run, entry.active
        self._charge(entry)
        self._leave_line(entry)
        if entry in self._active:
            self._active.remove(entry)
        background.release(run.id)
        if active is not None:
            active.close()
            active.backend.release(run.id)
            for scorer in self._models.scorers():
                scorer.release(run.id)
        for node in list(run.tree.nodes):
            if node.status == "growing":
                run.tree.abort(node, reason)
        run.usage.seconds = entry.clock()
        run.usage.peak_memory_bytes = peak_memory_bytes()
        run.tree.record("ended", None, status=status, reason=reason)
        run.status_reason = reason
        run.status = status
        self._tell(entry)
        for sink in self._sinks:
            try:
                sink.closed(run)
            except Exception as error:  # noqa: BLE001 - runs go on where they cannot be saved
                log.error("run %s could not be saved: %s", run.id, error)
        self._forget_old()

    def _forget_old(self) -> None:
        with self._wake:
            over = [run_id for run_id, run in self.runs.items() if run.is_over]
            for run_id in over[:-KEPT_RUNS]:
                del self.runs[run_id]

    # ---- sinks -----------------------------------------------------------------------------------------

    def _flush(self) -> None:
        now = time.perf_counter()
        if now - self._flushed_at >= FLUSH_SECONDS:
            self._flushed_at = now
            for entry in self._active:
                self._tell(entry)

    def _tell(self, entry: _Entry) -> None:
        """Hand each sink what happened since it was last told, streamed tokens left out.

        What a sink could not take is offered again at the next turn.
        """
        run, end = entry.run, len(entry.run.tree.events)
        for index, sink in enumerate(self._sinks):
            told = entry.told.get(index, 0)
            events = [event for event in run.tree.events[told:end] if event.kind != "tokens"]
            try:
                if events:
                    sink.grew(run, events)
                entry.told[index] = end
            except Exception as error:  # noqa: BLE001 - runs go on where they cannot be saved
                log.error("run %s: %d events are not saved yet: %s", run.id, len(events), error)


def _is_newcomer(party: Party, begun: Mapping[Party, int]) -> bool:
    """Whether an owner has nothing in progress, or only batches while these are his runs by hand."""
    owner, batch = party
    own = {other for (one, other), count in begun.items() if one == owner and count}
    return not own or (batch == "" and "" not in own)


def _kept_rows(max_rows: int) -> int:
    """Rows kept free for newcomers: one in 16, at least one where there are four."""
    return min(max(1, max_rows // 16), max_rows // 4)
