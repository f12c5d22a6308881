"""Who is told about runs: the store, a progress line, a test.

Knows the shape of a listener only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.runs import Run
from engine.tree import Event


class Sink(Protocol):
    """Told about every run: `opened` inside submit, the rest on the thread that runs the turns."""

    def opened(self, run: Run) -> None: ...

    def grew(self, run: Run, events: Sequence[Event]) -> None: ...

    def closed(self, run: Run) -> None: ...
