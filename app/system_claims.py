"""What the System page shows of the claims bench: each claim with its numbers, figures and some of its runs.

Reads what was shipped. Gives plain values for the browser. Does not know how they are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from app.claims import shipped, table
from app.claims.figures import figure
from app.claims.report import Measured, Report, read
from app.claims.table import SIGNS
from engine.bench.claims.finding import Row
from engine.bench.claims.measuring import BATCH
from engine.bench.claims.outcomes import REWARD
from engine.bench.claims.present import digest
from engine.errors import BadInput
from engine.models import catalogue
from engine.strategies import STRATEGIES
from storage.shipped import ShippedRun

MOST_RUNS = 6  # of one claim
PROBLEM_CHARACTERS = 64
ANEW = "`python app.py bench claims` measures them anew."
NONE = "No measurements came with this copy; `python app.py bench claims --publish` makes them."


@cache
def claims() -> dict[str, Any]:
    """Every claim for the browser, or why there is none. Raises BadInput where the report is damaged."""
    report = _report(shipped.REPORT)
    if report is None:
        return {"rows": [], "why": NONE}
    return {"rows": [_claim(claim) for claim in report.claims], "why": _circumstances(report)}


@cache
def chart(name: str) -> dict[str, str]:
    """A figure as Plotly's JSON. Raises BadInput where there is none of that name."""
    report = _report(shipped.REPORT)
    asked = report.chart(name) if report else None
    if asked is None:
        raise BadInput("There is no such figure; reload the page.")
    return {"figure": str(figure(asked).to_json())}


@cache
def _report(path: Path) -> Report | None:
    return read(path) if path.exists() else None


def _circumstances(report: Report) -> str:
    said = (
        f"At least {report.problems} held-out problems a cell, 95 % intervals, tokens with the scorer's. "
        f"Measured on {report.machine.get('device', 'an unknown machine')}, {report.made_at[:10]}."
    )
    others = ", ".join(changed(report.weights))
    return f"{said} These have other weights now: {others}; {ANEW}" if others else said


def changed(weights: Mapping[str, str]) -> list[str]:
    """Those of the measured models that came with other weights since, or not at all; by their digests."""
    names = {name: catalogue.BUNDLED_REWARD if name == REWARD else name for name in weights}
    return [
        names[name]
        for name, measured in weights.items()
        if digest(str(catalogue.BUNDLED_FOLDER / names[name])) != measured
    ]


def _claim(claim: Measured) -> dict[str, Any]:
    facts = {"name": claim.name, "title": claim.title, "says": claim.says, "how": claim.how}
    if claim.finding is None:
        return facts | {
            "verdict": "not measured",
            "summary": claim.skipped,
            "rows": [],
            "charts": [],
            "runs": [],
        }
    finding = claim.finding
    return facts | {
        "verdict": ", ".join(_counted(finding.rows)),
        "summary": finding.summary,
        "rows": [_row(row) for row in finding.rows],
        "charts": [{"name": chart.name, "title": chart.title} for chart in finding.charts],
        "runs": [_run(run) for run in _runs(claim)],
    }


def _counted(rows: tuple[Row, ...]) -> Iterator[str]:
    for is_met, (_, _, word) in SIGNS.items():
        if count := sum(row.is_met is is_met for row in rows):
            yield f"{count} {word}"


def _row(row: Row) -> dict[str, str]:
    sign, _, word = SIGNS[row.is_met]
    return {
        "on": row.label,
        "measured": row.measure,
        "found": table.found(row),
        "asked": table.asked(row),
        "sign": sign,
        "word": word,
        "tokens": " / ".join(f"{side.tokens:,.0f}" for side in row.sides),
        "note": row.note,
    }


def _runs(claim: Measured) -> list[ShippedRun]:
    """At most six of those that the claim rests on, of different kinds, first problems first."""
    file = shipped.runs()
    order = {f"{BATCH}-{condition}": place for place, condition in enumerate(claim.cells)}
    own = [run for run in file.runs if run.batch in order] if file.ids else []
    own.sort(key=lambda run: (run.cell, order[run.batch]))
    kinds: dict[tuple[str, str, str, str], ShippedRun] = {}
    for run in own:
        kinds.setdefault((run.strategy, str(run.params), run.model, run.problem), run)
    return list(kinds.values())[:MOST_RUNS]


def _run(run: ShippedRun) -> dict[str, str]:
    sign, _, _ = SIGNS[run.is_correct]
    strategy = STRATEGIES.get(run.strategy)
    problem = " ".join(run.problem.split())
    is_long = len(problem) > PROBLEM_CHARACTERS
    return {
        "id": run.id,
        "strategy": strategy.title if strategy else run.strategy,
        "params": ", ".join(f"{name} {value}" for name, value in run.params.items()),
        "model": run.model,
        "problem": f"{problem[:PROBLEM_CHARACTERS].rstrip()}…" if is_long else problem,
        "sign": sign,
        "word": {True: "right", False: "wrong", None: "unknown"}[run.is_correct],
    }
