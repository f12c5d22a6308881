"""Some of the bench's runs, kept whole as they come: the first problems of every cell, none of them chosen.

Knows the store as a sink. Does not know what is measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from app.claims.report import Report
from engine.bench.claims.measuring import BATCH
from engine.errors import RunNotFound
from engine.runs import Run
from engine.tree import Event
from storage.store import Store

KEPT_PROBLEMS = 2  # of each cell
FILE = "runs.db"


class FirstRuns:
    """A sink that stores the runs of each cell's first problems, and no others."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(f"sqlite:///{(folder / FILE).resolve()}")

    def opened(self, run: Run) -> None:
        if _is_kept(run):
            self.store.opened(run)

    def grew(self, run: Run, events: Sequence[Event]) -> None:
        if _is_kept(run):
            self.store.grew(run, events)

    def closed(self, run: Run) -> None:
        if _is_kept(run):
            self.store.closed(run)

    def of(self, report: Report) -> Iterator[Run]:
        """The runs that the report rests on: the first problem of every cell, then the second of every cell.

        A cell whose outcomes were kept from an older work folder may have none.
        """
        self.store.flush()
        names = list(dict.fromkeys(name for claim in report.claims for name in claim.cells))
        found = {
            name: {cell.cell: cell.run for cell in self.store.cells(f"{BATCH}-{name}")} for name in names
        }
        for place in range(KEPT_PROBLEMS):
            for name in names:
                if place in found[name]:
                    try:
                        yield self.store.load(found[name][place])
                    except RunNotFound:
                        continue


def _is_kept(run: Run) -> bool:
    return run.spec.cell is not None and run.spec.cell < KEPT_PROBLEMS
