"""Foresight: what runs on this machine took, kept in mind, so that the next one can be foretold.

Knows where past runs are and listens to those that end. Does not know formulas: engine.forecasting does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache

from engine.cost import Prices, prices_for
from engine.errors import PonderError
from engine.forecasting import typical
from engine.forecasting.experience import Experience
from engine.forecasting.foretell import Foretold, foretell, taken, taken_of
from engine.forking import copied_steps
from engine.models import catalogue
from engine.models.catalogue import ModelFacts
from engine.runs import Run, RunSpec
from engine.tasks.problem import Problem
from engine.tree import Event
from storage.store import Store

log = logging.getLogger(__name__)


class Foresight:
    """Experience of this machine. A sink of the scheduler; all methods may be called from any thread.

    `prices` is asked with the model's device at every forecast.
    """

    def __init__(self, store: Store | None, prices: Callable[[str], Prices] = prices_for) -> None:
        self._store = store
        self._prices = prices
        self._experience = Experience(typical.load())
        self._has_read = store is None
        self._lock = threading.Lock()

    def of(self, spec: RunSpec, problem: Problem, source: Run | None = None) -> Foretold:
        """What an admitted spec is expected to take; `source` is the run it is forked from."""
        self._remember()
        facts = _facts(spec.model)
        steps = 0 if spec.origin is None or source is None else copied_steps(source, spec.origin)
        return foretell(spec, problem, facts, self._experience, self._prices(facts.device), steps)

    def opened(self, run: Run) -> None:
        """Nothing is known of it yet."""

    def grew(self, run: Run, events: Sequence[Event]) -> None:
        """Not before its end."""

    def closed(self, run: Run) -> None:
        """Learn from a run that is over."""
        try:
            found = taken(run, _facts(run.spec.model))
        except PonderError:  # its model has gone meanwhile
            return
        if found is not None:
            self._experience.learn(found)

    def _remember(self) -> None:
        """Learn from the stored runs, once, when the first forecast is wanted."""
        with self._lock:
            if self._has_read or self._store is None:
                return
            self._has_read = True
            try:
                past = self._store.past()
            except PonderError as error:
                log.warning("past runs cannot be read: %s", error)
                return
        for spec, usage, status in reversed(past):
            try:
                found = taken_of(spec, usage, status, _facts(spec.model))
            except PonderError:  # its model is not here any more
                continue
            if found is not None:
                self._experience.learn(found)


@lru_cache(maxsize=32)
def _facts(model: str) -> ModelFacts:
    return catalogue.find(model)
