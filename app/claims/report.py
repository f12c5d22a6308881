"""What the claims bench found, as one JSON file that can be read again.

Knows the shape of the file. Does not know how anything in it is measured or drawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.bench.claims.finding import Chart, Finding, Point, Row, Series, Side
from engine.errors import BadInput
from engine.lab.statistics import Interval


@dataclass(frozen=True, slots=True)
class Measured:
    """A claim and what it came to; `finding` is None where `skipped` says why. `cells` name its batches."""

    name: str
    title: str
    says: str
    how: str
    finding: Finding | None
    skipped: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole bench. `weights` has a digest of each model's; `made_at` is an ISO date in UTC."""

    claims: tuple[Measured, ...]
    problems: int
    samples: int
    is_quick: bool
    made_at: str
    seconds: float
    weights: Mapping[str, str]
    machine: Mapping[str, object]

    def record(self) -> dict[str, Any]:
        """As plain JSON values; numbers are rounded to what their intervals allow."""
        record = _rounded(asdict(self))
        for claim, one in zip(record["claims"], self.claims, strict=True):
            if one.finding is not None:
                for row, source in zip(claim["finding"]["rows"], one.finding.rows, strict=True):
                    row["is_met"] = source.is_met
        return record

    def claim(self, name: str) -> Measured | None:
        """The claim of that name, if it is here."""
        return next((one for one in self.claims if one.name == name), None)

    def chart(self, name: str) -> Chart | None:
        """The chart of that name, if it is here."""
        findings = (one.finding for one in self.claims if one.finding is not None)
        return next((chart for found in findings for chart in found.charts if chart.name == name), None)


def read(path: Path) -> Report:
    """A report from its file. Raises BadInput where it is none."""
    try:
        record = json.loads(path.read_text())
        claims = tuple(
            Measured(**{**one, "finding": _finding(one["finding"]), "cells": tuple(one["cells"])})
            for one in record["claims"]
        )
        return Report(**{**record, "claims": claims})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} holds no report of the claims bench: {error}.") from None


def _finding(record: dict[str, Any] | None) -> Finding | None:
    if record is None:
        return None
    return Finding(
        tuple(_row(row) for row in record["rows"]),
        tuple(_chart(chart) for chart in record["charts"]),
        record["summary"],
    )


def _row(record: dict[str, Any]) -> Row:
    sides = tuple(Side(**{**side, "solved": Interval(**side["solved"])}) for side in record["sides"])
    own = {name: value for name, value in record.items() if name != "is_met"}
    return Row(**{**own, "found": Interval(**record["found"]), "sides": sides})


def _chart(record: dict[str, Any]) -> Chart:
    series = tuple(
        Series(
            **{
                **one,
                "points": tuple(Point(**point) for point in one["points"]),
                "raw": tuple((x, y) for x, y in one["raw"]),
            }
        )
        for one in record["series"]
    )
    return Chart(**{**record, "series": series})


def _rounded(value: Any) -> Any:
    """Five significant digits are more than any of it is known to."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value
