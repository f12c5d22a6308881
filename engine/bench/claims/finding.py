"""What a claim comes to: rows of a table, charts with their raw points, and a sentence. Plain data.

Knows numbers and words. Does not know how they were measured, nor how they are drawn.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from engine.bench.claims.cells import Cell
from engine.bench.claims.outcomes import Outcome
from engine.lab.statistics import Interval

Measuring = Generator[Sequence[Cell], list[list[Outcome]], "Finding"]
"""A claim: yields cells, receives the outcomes of each in order, and returns what it comes to."""


class Skipped(Exception):
    """A claim cannot be measured here; the message says why, and what would change that."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: how many percent it solves, and mean tokens a problem, all counted."""

    name: str
    solved: Interval
    tokens: float


@dataclass(frozen=True, slots=True)
class Row:
    """One number of the table, in `unit` ("points", "%", "R²" …), with its interval.

    `target` is what the claim asks for: at least, at most where `is_ceiling`, more than that where
    `is_strict`; None where nothing is asked and the row is there to be honest, or to state a figure.
    `problems` is how many it rests on.
    """

    label: str
    measure: str
    unit: str
    found: Interval
    problems: int
    target: float | None = None
    is_ceiling: bool = False
    is_strict: bool = False
    sides: tuple[Side, ...] = ()
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the estimate reaches its target; None without one."""
        if self.target is None:
            return None
        found = self.found.value
        if self.is_strict:
            return found > self.target
        return found <= self.target if self.is_ceiling else found >= self.target

    @property
    def is_absent(self) -> bool:
        """Whether a gain in points is not there: its interval reaches down to 0 or below."""
        is_gain = self.unit == "points" and (self.target is None or self.target >= 0)
        return is_gain and self.found.low <= 0


@dataclass(frozen=True, slots=True)
class Point:
    """An estimate with its interval. `x` is a number, or the name of a category."""

    x: float | str
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one set of points of a chart. `raw` holds what the estimates are made of, as (x, y)."""

    name: str
    points: tuple[Point, ...]
    raw: tuple[tuple[float | str, float], ...] = ()
    is_line: bool = True
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure: `x` and `y` say what the axes count; `raw_is` what the small dots are, "" for none."""

    name: str
    title: str
    x: str
    y: str
    series: tuple[Series, ...]
    is_log_x: bool = False
    is_log_y: bool = False
    raw_is: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a claim came to. `summary` is one or two sentences for a person."""

    rows: tuple[Row, ...]
    charts: tuple[Chart, ...]
    summary: str
