"""A run that is not over, as the scheduler holds it: its clock, where it begins, what it is waiting for.

Knows the run and its active part. Does not know when it is served.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from engine.active_run import ActiveRun
from engine.fair_shares import Party
from engine.runs import Run
from engine.tree import Node


@dataclass(eq=False, slots=True)
class Clock:
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
class Entry:
    """A run that is not over: its clock, its active part once started, and what each sink has been told."""

    run: Run
    clock: Clock
    start: Node  # where its strategy begins: the question, or the end of a copied path
    told: dict[int, int] = field(default_factory=dict)  # by sink, how many events it has taken
    active: ActiveRun | None = None
    waits_since: float | None = None  # for programs to have run
    charged_tokens: int = 0  # to its party's share

    @property
    def party(self) -> Party:
        return self.run.spec.owner, self.run.spec.batch or ""
