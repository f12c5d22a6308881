"""What being live costs: the same run with events stored and a page attached, against none of it.

Knows the service, the store and what the page pulls. Real runs of the bundled model.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

from app.command_line import DEFAULT_MODEL
from app.run_feed import feed
from app.service import Service
from engine.bench.timing import Case, compare
from engine.models import catalogue
from engine.runs import RunSpec
from engine.scheduler import Scheduler

PULL_SECONDS = 0.2  # how often a page asks
STRATEGY, PARAMS = "self_consistency", {"n": 64}
PROBLEM = (
    "Jack has 11 coins. Ben has 5 times as many coins as Jack. Ann has 4 more coins than Ben. "
    "Finn has as many coins as Ann and Ben together. Kim has 9 fewer coins than Finn. "
    "How many coins does Kim have?"
)
RUNS = 4  # a side and pair, one after another: one run of some tenths of a second is too short to time


def case(pairs: int = 5) -> Case:
    """`live/vs_bare`: seconds live ÷ seconds bare; 1 is free."""
    spec = RunSpec(PROBLEM, DEFAULT_MODEL, STRATEGY, dict(PARAMS))
    bare = Scheduler(catalogue.load_backend, catalogue.load_scorer, catalogue.find)
    with tempfile.TemporaryDirectory() as folder:
        service = Service(f"sqlite:///{Path(folder) / 'live.db'}", threaded=False)

        def live() -> None:
            for _ in range(RUNS):
                run = service.submit(spec)
                page = _Page(service, run.id)
                while service.step():
                    pass
                page.leave()

        def alone() -> None:
            for _ in range(RUNS):
                bare.submit(spec)
                bare.run_until_idle()

        try:
            return compare(
                "live/vs_bare", alone, live, pairs, "times the seconds of the bare run (less is better)"
            )
        finally:
            service.close()


class _Page:
    """Pulls a run's events as a browser does, until told to leave."""

    def __init__(self, service: Service, run_id: str) -> None:
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._pull, args=(service, run_id), daemon=True)
        self._thread.start()

    def _pull(self, service: Service, run_id: str) -> None:
        import json

        cursor = 0
        while not self._leaving.wait(PULL_SECONDS):
            reply: dict[str, Any] = json.loads(feed(service, run_id, cursor))
            cursor = reply.get("next", cursor)

    def leave(self) -> None:
        self._leaving.set()
        self._thread.join()
