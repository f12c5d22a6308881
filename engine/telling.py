"""Telling all sinks what happens to runs, and how far each has been told.

Knows sinks and entries. Does not know what a sink does with it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence

from engine.entries import Entry
from engine.runs import Run
from engine.sinks import Sink

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.1


class Sinks:
    """All listeners of one scheduler. What one of them cannot take never stops a run."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)
        self._flushed_at = 0.0

    def open(self, run: Run) -> None:
        """A run is submitted. What a sink raises is passed on: then the run is not queued."""
        for sink in self._sinks:
            sink.opened(run)

    def flush(self, entries: Iterable[Entry]) -> None:
        """Tell of all these runs, where that was not done a moment ago."""
        now = time.perf_counter()
        if now - self._flushed_at >= FLUSH_SECONDS:
            self._flushed_at = now
            for entry in entries:
                self.tell(entry)

    def tell(self, entry: Entry) -> None:
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

    def close(self, entry: Entry) -> None:
        """A run is over: tell the rest of it, and that."""
        self.tell(entry)
        for sink in self._sinks:
            try:
                sink.closed(entry.run)
            except Exception as error:  # noqa: BLE001 - runs go on where they cannot be saved
                log.error("run %s could not be saved: %s", entry.run.id, error)
