"""What runs took before, and what another is therefore likely to take.

Knows figures of past runs only. A forecast is the value that most of the like runs came close to, not their
mean: a strategy that either stops at once or goes on to its end has no middle.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np

from engine.forecasting.cases import Case, Taken
from engine.forecasting.speeds import Speeds

CLOSE = 0.3  # a value further off than this share of what was taken does not count as a hit
KEPT = 4_000


class Experience:
    """Runs of this machine, newest kept, over those measured when the bundled models were made.

    All methods may be called from any thread.
    """

    def __init__(self, typical: Iterable[Taken] = ()) -> None:
        self._typical = tuple(typical)
        self._own: deque[Taken] = deque(maxlen=KEPT)
        self._speeds = Speeds(self._typical)
        self._lock = threading.Lock()

    def learn(self, taken: Taken) -> None:
        """Take one more run into account."""
        with self._lock:
            self._own.append(taken)
            self._speeds.learn(taken)

    def tokens(self, case: Case, formula_tokens: float, most: float, is_bundled: bool) -> float:
        """Tokens the run is likely to take, at most `most`."""
        own, typical = self._like(case, is_bundled)
        weighed = [
            (_would_take(taken, formula_tokens, most), weight * share)
            for group, share in ((own, 1.0), (typical, 0.4))
            for taken, weight in group
        ]
        if not weighed:
            return min(formula_tokens, most)
        values, weights = np.array(weighed).T  # (runs,) tokens each, and how much each counts
        return float(values[np.argmax(_hits(values, weights))])

    def speed(self, case: Case) -> float | None:
        """Tokens a second on this machine; None before its first run of the model."""
        with self._lock:
            return self._speeds.of(case)

    def _like(
        self, case: Case, is_bundled: bool
    ) -> tuple[list[tuple[Taken, float]], list[tuple[Taken, float]]]:
        """Own and typical runs like the case, with how much each counts."""
        with self._lock:
            own = [
                (taken, _closeness(taken.case, case)) for taken in self._own if taken.case.model == case.model
            ]
        typical = [(taken, _closeness(taken.case, case)) for taken in self._typical] if is_bundled else []
        own, typical = _nearest(own), _nearest(typical)
        if not own and not typical:  # at least how long this model's chains are
            with self._lock:
                own = [(taken, 1.0) for taken in self._own if taken.case.model == case.model][-12:]
        return own, typical


def _nearest(weighed: Sequence[tuple[Taken, float]], most: int = 40) -> list[tuple[Taken, float]]:
    """The closest runs, newest first among equals."""
    found = [pair for pair in reversed(weighed) if pair[1] > 0]
    return sorted(found, key=lambda pair: -pair[1])[:most]


def _closeness(taken: Case, case: Case) -> float:
    """How much a run counts for a case; 0 for another strategy."""
    if taken.strategy != case.strategy:
        return 0.0
    closeness = 1.0 if taken.scorer == case.scorer else 0.1
    if taken.task != case.task:
        return closeness * 0.05
    return closeness / (1 + (taken.steps - case.steps) ** 2)


def _would_take(taken: Taken, formula_tokens: float, most: float) -> float:
    value = taken.ratio * formula_tokens
    return most if taken.is_cut and math.isfinite(most) and value > 0.5 * most else min(value, most)


def _hits(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How much of the experience each of the values (runs,) would have been close to."""
    known = values > 0
    others = values[known]
    distances = np.abs(values[:, np.newaxis] - others) / (CLOSE * others)  # (runs, runs that took something)
    return np.maximum(0.0, 1 - distances) @ weights[known]
