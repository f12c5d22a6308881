"""A kind of run, and what one run of it took: what forecasts are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked about: a strategy with its scorer, on a problem whose chain has so many steps.

    `is_tight`: its budget is smaller than what the strategy may take, so fewer branches grow at once.
    """

    model: str
    strategy: str
    scorer: str | None
    task: str | None
    steps: int
    is_tight: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run took: tokens as a multiple of its formula, and tokens a second.

    `is_cut`: its budget ended it, so it would have taken more. `speed` is None where others shared its time.
    """

    case: Case
    ratio: float
    speed: float | None
    is_cut: bool = False
