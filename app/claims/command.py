"""`python app.py bench claims`: measures the claims, prints each as it is done, and keeps what it found.

Finished cells stay in the work folder, so an interrupted bench goes on where it stopped; with `--again`
everything is measured anew. `--publish` puts the report, its figures and some runs into the repository.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from app.claims.figures import page
from app.claims.report import Measured, Report
from app.claims.runs import FirstRuns
from app.claims.table import show
from engine.bench import machine
from engine.bench.claims import CLAIMS, Claim
from engine.bench.claims.keeping import Kept
from engine.bench.claims.measuring import Laboratory, Progress, Result, measure
from engine.bench.claims.present import plan_here, weights
from engine.errors import BadInput
from engine.models import catalogue
from engine.scheduler import Scheduler
from engine.sinks import Sink

SMALL, LARGE = "ponder-1m", "ponder-8m"
TELL_SECONDS = 10.0  # between two lines of progress where nothing can be overwritten
WHOLE, PART = "claims", "claims-only"  # the names of the report and of the page: of all claims, or of some


def run(arguments: Namespace) -> str:
    """Measure, print, and return the report as JSON. Raises PonderError where something is amiss."""
    chosen = claims_named(arguments.only or [])
    plan = plan_here(arguments.model, *_others(arguments.model), is_quick=arguments.quick)
    for name in ("publish", "again"):
        if getattr(arguments, name) and arguments.only:
            raise BadInput(f"--{name} takes the whole bench: leave --only out.")
    work = Path(arguments.work)
    kept = Kept(work / "cells")
    if arguments.again:
        kept.forget()
    here = weights(plan)
    first = FirstRuns(work)
    console = Console(stderr=bool(arguments.json), highlight=False)
    began, measured = time.monotonic(), []
    line = _Line()
    try:
        laboratory = Laboratory(_scheduler, kept, here, [first], line.tell)
        if arguments.quick:
            console.print(f"A quick look: {plan.problems} problems a cell; it decides nothing.\n")
        for result in measure(chosen, plan, laboratory):
            line.clear()
            measured.append(_measured(result, laboratory))
            show(measured[-1], console)
        report = Report(
            tuple(measured),
            plan.problems,
            plan.samples,
            arguments.quick,
            datetime.now(UTC).isoformat(timespec="seconds"),
            time.monotonic() - began,
            here,
            machine.describe(),
        )
        text = json.dumps(report.record(), separators=(",", ":"), ensure_ascii=False)
        name = PART if arguments.only else WHOLE
        saved, drawn = work / f"{name}.json", work / f"{name}.html"
        saved.write_text(text)
        drawn.write_text(page(report))
        console.print(f"Figures: {drawn}    report: {saved}    {_minutes(report.seconds)}", soft_wrap=True)
        if arguments.publish:
            from app.claims.publishing import publish

            for path in publish(text, report, first.of(report)):
                console.print(f"written: {path}", soft_wrap=True)
        return text
    finally:
        line.clear()
        first.store.close()


def claims_named(names: Sequence[str]) -> list[Claim]:
    """Those claims, in the table's order; all where none is named. Raises BadInput for an unknown one."""
    for name in names:
        if name not in CLAIMS:
            raise BadInput(f"There is no claim “{name}”; there are {', '.join(CLAIMS)}.")
    return [claim for name, claim in CLAIMS.items() if not names or name in names]


def _others(model: str) -> tuple[str, str]:
    """The small and the large model beside the main one; the stand-in has none but itself."""
    return (model, model) if model == catalogue.SCRIPTED else (SMALL, LARGE)


def _scheduler(sinks: Sequence[Sink]) -> Scheduler:
    return Scheduler(catalogue.load_backend, catalogue.load_scorer, catalogue.find, sinks=sinks)


def _measured(result: Result, laboratory: Laboratory) -> Measured:
    claim = result.claim
    cells = tuple(laboratory.key(cell) for cell in result.cells)
    return Measured(claim.name, claim.title, claim.says, claim.how, result.finding, result.skipped, cells)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


class _Line:
    """One line of progress on stderr: overwritten on a terminal, now and then a new one elsewhere."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._told_at = 0.0
        self._width = 0

    def tell(self, progress: Progress) -> None:
        """Show how far it is, at most a few times a second."""
        now = time.monotonic()
        if now - self._told_at < (0.2 if self._is_terminal else TELL_SECONDS):
            return
        self._told_at = now
        left = "" if progress.left_seconds is None else f", about {_minutes(progress.left_seconds)} left"
        words = f"{progress.share:4.0%}{left}  {progress.doing}"
        if self._is_terminal:
            sys.stderr.write("\r" + words.ljust(self._width))
            self._width = len(words)
        else:
            sys.stderr.write(words + "\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away before something else is printed."""
        if self._is_terminal and self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            self._width = 0
