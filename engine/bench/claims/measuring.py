"""Measures cells, all their runs through the scheduler and many at once, and every claim once its are done.

Knows claims as generators, the scheduler, and the folder of what is finished. Does not know what is claimed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.bench.claims import Claim
from engine.bench.claims.cells import Cell
from engine.bench.claims.finding import Finding, Measuring, Skipped
from engine.bench.claims.keeping import Kept
from engine.bench.claims.outcomes import Outcome, outcome_of
from engine.bench.claims.plan import Plan
from engine.errors import PonderError
from engine.runs import Run
from engine.scheduler import Scheduler
from engine.sinks import Sink
from engine.tree import Event
from engine.waiting_lines import MAX_ACTIVE_RUNS

BATCH = "claims"


class CellFailed(PonderError):
    """A run of a cell failed, so that its figures would say nothing."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the bench is: what is measured now, the share done, and seconds left (None: not known)."""

    doing: str
    share: float
    left_seconds: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """A claim and what it came to, or why it was skipped; `cells` are those it rests on."""

    claim: Claim
    finding: Finding | None
    skipped: str
    cells: tuple[Cell, ...]


Tell = Callable[[Progress], None]
MakeScheduler = Callable[[Sequence[Sink]], Scheduler]


@dataclass(eq=False, slots=True)
class _Collector:
    """A sink that keeps the outcome of each run and forgets the run."""

    outcomes: dict[str, dict[int, Outcome]] = field(default_factory=dict)  # by batch and cell
    failures: dict[str, str] = field(default_factory=dict)

    def opened(self, run: Run) -> None: ...

    def grew(self, run: Run, events: Sequence[Event]) -> None: ...

    def closed(self, run: Run) -> None:
        spec = run.spec
        assert spec.batch is not None and spec.cell is not None
        if run.status in ("finished", "partial"):
            self.outcomes.setdefault(spec.batch, {})[spec.cell] = outcome_of(run)
        else:
            self.failures.setdefault(spec.batch, run.status_reason)


class Laboratory:
    """Measures cells and keeps what is finished.

    `weights` has a digest of each model's weights, so that others are measured anew. `sinks` are told of all
    runs: a spec's batch is "claims-KEY", its cell the problem's place. Raises CellFailed where a run fails.
    """

    def __init__(
        self,
        make: MakeScheduler,
        kept: Kept,
        weights: Mapping[str, str],
        sinks: Sequence[Sink] = (),
        tell: Tell | None = None,
    ) -> None:
        self._collector = _Collector()
        self._scheduler = make([*sinks, self._collector])
        self._kept = kept
        self._weights = weights
        self._tell = tell or (lambda progress: None)
        self._known: dict[Cell, list[Outcome]] = {}
        self._ahead: dict[Cell, None] = {}  # asked for, not measured yet
        self._done_tokens = 0.0
        self._began = time.monotonic()

    def key(self, cell: Cell) -> str:
        """The name under which the cell's runs and outcomes are kept."""
        return cell.key(self._weights)

    def expect(self, cells: Sequence[Cell]) -> None:
        """Say what will be asked for, so that the time left can be told."""
        for cell in cells:
            if cell in self._known:
                continue
            kept = self._kept.load(self.key(cell))
            if kept is not None:
                self._known[cell] = kept
            else:
                self._ahead[cell] = None

    def outcomes(self, cells: Sequence[Cell]) -> list[list[Outcome]]:
        """The outcomes of each cell, measured together where they are not known yet."""
        self.expect(cells)
        waiting = [cell for cell in dict.fromkeys(cells) if cell not in self._known]
        going: dict[Cell, int] = {}  # how many runs of each have not ended
        while waiting or going:
            while waiting and sum(going.values()) < 2 * MAX_ACTIVE_RUNS:
                cell = waiting.pop(0)
                going[cell] = self._submit(cell)
            self._scheduler.step()
            for cell in list(going):
                going[cell] = self._left(cell)
                if not going[cell]:
                    del going[cell]
                    self._finish(cell)
            self._say(going)
        return [self._known[cell] for cell in cells]

    def _submit(self, cell: Cell) -> int:
        specs = list(cell.specs(self._batch(cell)))
        for spec in specs:
            self._scheduler.submit(spec)
        return len(specs)

    def _left(self, cell: Cell) -> int:
        batch = self._batch(cell)
        if batch in self._collector.failures:
            raise CellFailed(f"A run of {cell.title} failed: {self._collector.failures[batch]}")
        return len(cell.places) - len(self._collector.outcomes.get(batch, ()))

    def _finish(self, cell: Cell) -> None:
        ended = self._collector.outcomes.pop(self._batch(cell))
        found = [ended[place] for place in range(len(cell.places))]
        self._kept.save(self.key(cell), found)
        self._known[cell] = found
        self._ahead.pop(cell, None)
        self._done_tokens += cell.forecast_tokens

    def _say(self, going: dict[Cell, int]) -> None:
        if not going:
            return
        part = sum(cell.forecast_tokens * (1 - left / len(cell.places)) for cell, left in going.items())
        done = self._done_tokens + part
        total = self._done_tokens + sum(cell.forecast_tokens for cell in self._ahead)
        share = done / total if total else 1.0
        spent = time.monotonic() - self._began
        left = spent * (1 - share) / share if share > 0.01 else None
        self._tell(Progress(next(iter(going)).title, share, left))

    def _batch(self, cell: Cell) -> str:
        return f"{BATCH}-{self.key(cell)}"


def measure(claims: Sequence[Claim], plan: Plan, laboratory: Laboratory) -> Iterator[Result]:
    """Every claim in turn; one that cannot be measured says why."""
    begun: list[tuple[Claim, Measuring, Sequence[Cell] | None, str]] = []
    for claim in claims:
        search = claim.measure(plan)
        try:
            first = next(search)
        except Skipped as skipped:
            begun.append((claim, search, None, str(skipped)))
            continue
        laboratory.expect(first)
        begun.append((claim, search, first, ""))
    for claim, search, wanted, skipped in begun:
        if wanted is None:
            yield Result(claim, None, skipped, ())
            continue
        cells: dict[Cell, None] = {}
        try:
            while True:
                cells.update(dict.fromkeys(wanted))
                wanted = search.send(laboratory.outcomes(wanted))
        except StopIteration as stop:
            yield Result(claim, stop.value, "", tuple(cells))
        except Skipped as late:
            yield Result(claim, None, str(late), tuple(cells))
