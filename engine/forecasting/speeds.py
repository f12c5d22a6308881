"""How fast a model's next run will go: the usual speed of its kind, times the pace the machine has just now.

Knows speeds of past runs only. A machine's pace can change within minutes (other programs, heat, a shared
host) by more than strategies differ, so the newest runs, of whatever strategy, say how fast this one will be,
and its kind says by how much it differs from those. All in logarithms: speeds multiply.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from engine.forecasting.cases import Case, Taken

FADING = 0.9  # how much a run's word on the pace counts when one more has followed it
PACE_RUNS = 20
CHANGED_RUNS = 3  # so many tell that the pace has changed, and by so many standard errors:
CHANGED_BY = 3.5
KIND_RUNS = 8  # of the same strategy
OTHER_CASE = 0.4  # what a run of the same strategy counts on another family, or with more or less room
DOUBT = 4.0  # runs of a kind that it takes until half of what they differ by is believed
SPREAD = 0.4  # of the times of one kind of run, in logarithms: their mean is longer than their middle


@dataclass(frozen=True, slots=True)
class _Seen:
    """One run here, in logarithms: the pace that it tells of, and how its kind differs from the pace."""

    case: Case
    pace: float
    difference: float


class Speeds:
    """Tokens a second of one kind of run on this machine. Not for several threads at once."""

    def __init__(self, typical: Iterable[Taken] = ()) -> None:
        self._usual: dict[tuple[str, str | None, bool], list[tuple[int, float]]] = defaultdict(list)
        for taken in typical:
            if taken.speed:
                case, speed = taken.case, math.log(taken.speed)
                for task in (case.task, None):
                    self._usual[case.strategy, task, case.is_tight].append((case.steps, speed))
        self._seen: dict[str, deque[_Seen]] = defaultdict(lambda: deque(maxlen=200))

    def learn(self, taken: Taken) -> None:
        """Take one more run into account; one without a speed says nothing."""
        if not taken.speed:
            return
        seen = self._seen[taken.case.model]
        against_usual = math.log(taken.speed) - self._usually(taken.case)
        difference = against_usual - _pace(seen) if seen else 0.0
        seen.append(_Seen(taken.case, against_usual - _difference(seen, taken.case), difference))

    def of(self, case: Case) -> float | None:
        """Tokens a second that make the mean time of such runs; None before the model's first run here."""
        seen = self._seen.get(case.model)
        if not seen:
            return None
        middle = self._usually(case) + _pace(seen) + _difference(seen, case)
        return math.exp(middle - SPREAD**2 / 2)

    def _usually(self, case: Case) -> float:
        """The typical speed of a kind of run; 0, which any pace can shift, where none was measured."""
        for is_tight in (case.is_tight, False):
            for task in (case.task, None):
                if found := self._usual.get((case.strategy, task, is_tight)):
                    return _mean([(speed, 1 / (1 + (steps - case.steps) ** 2)) for steps, speed in found])
        return 0.0


def _pace(seen: Sequence[_Seen]) -> float:
    """How much faster than usual the last runs were, the newest counting most."""
    newest = _since_a_change([one.pace for one in seen][-PACE_RUNS:])
    return _mean([(pace, FADING**age) for age, pace in enumerate(reversed(newest))])


def _since_a_change(paces: Sequence[float]) -> Sequence[float]:
    """The paces after the clearest sudden change among them, all of them where none is clear."""
    since, clearest = 0, CHANGED_BY
    for at in range(1, len(paces) - CHANGED_RUNS + 1):
        before, after = paces[:at], paces[at:]
        error = SPREAD * math.sqrt(1 / len(before) + 1 / len(after))
        change = abs(fmean(after) - fmean(before)) / error
        if change > clearest:
            since, clearest = at, change
    return paces[since:]


def _difference(seen: Sequence[_Seen], case: Case) -> float:
    """How much faster than the pace this strategy's runs were, as far as there were enough to believe it."""
    like = [one for one in seen if one.case.strategy == case.strategy][-KIND_RUNS:]
    weighed = [
        (
            one.difference,
            (1.0 if one.case.task == case.task else OTHER_CASE)
            * (1.0 if one.case.is_tight == case.is_tight else OTHER_CASE),
        )
        for one in like
    ]
    return _mean([*weighed, (0.0, DOUBT)])


def _mean(weighed: Sequence[tuple[float, float]]) -> float:
    return sum(value * weight for value, weight in weighed) / sum(weight for _, weight in weighed)
