"""A batch as the Compare page reads it: how it stands, its table, figure and verdict, and its export.

Knows progress and results, and turns them into plain JSON values. Does not know how any of it is drawn.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from app import batch_verdict, compare_names, compare_plan, compare_results, figures
from app.batch_driver import AT_ONCE, Progress
from app.compare_plan import Plan, plan_from
from engine.accounting import limits_in_words
from engine.errors import BadInput
from engine.forecasting.foretell import Foretold
from engine.runs import RunSpec
from engine.tasks import FAMILIES
from storage.batches import Batch


def reply(progress: Progress, cost: str, stamp: str) -> dict[str, Any]:
    """How the batch stands; and unless `stamp` says that the page has it, what it shows.

    `cost` is what the figure's horizontal axis counts, one of figures.AXES. Raises BadInput for another.
    """
    if cost not in figures.AXES:
        raise BadInput(f"The figure counts {', '.join(figures.AXES)}, not {cost[:40]!r}.")
    plan, outcomes = progress.plan, progress.outcomes
    failed = sum(one.is_failed for one in outcomes)
    now = f"{progress.state}:{len(outcomes)}:{failed}:{cost}"
    stands = {
        "id": progress.id,
        "state": progress.state,
        "reason": progress.reason,
        "seconds": progress.seconds,
        "seconds_left": progress.seconds_left,
        "flying": progress.flying,
        "is_ours": progress.is_ours,
        "done": len(outcomes),
        "cells": plan.cells,
        "failed": failed,
        "stamp": now,
    }
    return stands if now == stamp else stands | _shown(progress, cost)


def _shown(progress: Progress, cost: str) -> dict[str, Any]:
    plan = progress.plan
    found = compare_results.results(plan, progress.outcomes)
    called = compare_names.names(plan.lanes)
    figure = figures.accuracy(found, called, cost)
    last = found[-1]
    return {
        "title": title(plan),
        "budget": limits_in_words(compare_plan.budget(plan.unit, plan.amount)),
        "problems": len(plan.problems),
        "complete": len(last.counted),
        "lanes": [
            {"name": name} | ({} if not last.lanes else asdict(last.lanes[place]))
            for place, name in enumerate(called)
        ],
        "verdict": asdict(batch_verdict.of_batch(progress)),
        "figure": "" if figure is None else figure.to_json(),
        "note": _note(plan),
        "plan": _asked(plan),
    }


def _note(plan: Plan) -> str:
    """What one must know of the numbers to read them right."""
    shared = "Runs are made one at a time, so that their seconds are their own."
    if plan.unit != "seconds":
        shared = f"Seconds are those of up to {AT_ONCE} runs that share the device."
    return (
        f"Tokens are generated, discarded and the scorer's. Found: some finished answer was right. {shared}"
    )


def _asked(plan: Plan) -> dict[str, Any]:
    """The settings from which the same batch would be started again."""
    curve = next((name for name, parts in compare_plan.CURVES.items() if parts == plan.parts), "full")
    return {
        "problem": plan.problems[0],
        "family": plan.family,
        "difficulty": plan.difficulty,
        "count": len(plan.problems),
        "curve": curve,
        "seed": plan.seed,
        "unit": plan.unit,
        "amount": plan.amount,
        "lanes": [asdict(lane) for lane in plan.lanes],
    }


def title(plan: Plan) -> str:
    """ "60 Countdown problems of 4 numbers"."""
    task = FAMILIES.get(plan.family)
    named = plan.family if task is None else task.title
    unit = "" if task is None else f" of {plan.difficulty} {task.unit}"
    return f"{len(plan.problems)} {named} problems{unit}"


def line(batch: Batch) -> dict[str, Any]:
    """One line of the list of batches."""
    plan = plan_from(batch.plan)
    state = "interrupted" if batch.state == "running" and not batch.is_driven else batch.state
    return {
        "id": batch.id,
        "title": title(plan),
        "lanes": compare_names.names(plan.lanes),
        "state": state,
        "created_at": batch.created_at.isoformat(),
    }


def problems(progress: Progress) -> dict[str, Any]:
    """Every problem at the full budget: each lane's run, answer and verdict, None where there is none."""
    plan = progress.plan
    full = len(plan.parts) - 1
    table: list[list[dict[str, Any] | None]] = [[None] * len(plan.lanes) for _ in plan.problems]
    for one in progress.outcomes:
        problem, part, lane = plan.place(one.cell)
        if part == full:
            table[problem][lane] = {"run": one.run, "answer": one.answer, "is_correct": one.is_correct}
    return {
        "names": compare_names.names(plan.lanes),
        "problems": [
            {"text": text, "lanes": row} for text, row in zip(plan.problems, table, strict=True)
        ],
    }  # fmt: skip


COLUMNS = (
    "problem", "lane", "strategy", "model", "part_of_budget", "run", "status", "answer", "is_correct",
    "is_found", "tokens", "seconds", "gflops", "usd",
)  # fmt: skip


def as_csv(progress: Progress) -> str:
    """Every outcome, one a line, under COLUMNS."""
    plan = progress.plan
    called = compare_names.names(plan.lanes)
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(COLUMNS)
    for one in progress.outcomes:
        problem, part, lane = plan.place(one.cell)
        who = plan.lanes[lane]
        out.writerow(
            [
                _cell(plan.problems[problem]), called[lane], who.strategy, _cell(who.model), plan.parts[part],
                one.run, one.status, _cell(one.answer or ""), one.is_correct, one.is_found,
                one.tokens, round(one.seconds, 4), round(one.gflops, 6), f"{one.usd:.9f}",
            ]
        )  # fmt: skip
    return text.getvalue()


def _cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") else text


def cost_in_words(asked: Mapping[str, Any], foretell: Callable[[RunSpec], Foretold]) -> str:
    """About what a batch will take, before it is started, by one problem of its kind. Raises PonderError."""
    plan = compare_plan.plan_of(asked, is_sample=True)
    count = int(asked["count"])
    expected = [foretell(plan.spec(cell)) for cell in range(plan.cells)]
    tokens = count * sum(one.tokens for one in expected)
    seconds = [one.seconds for one in expected if one.seconds is not None]
    lanes, parts = plan.lanes, plan.parts
    runs = count * len(lanes) * len(parts)
    points = f" × {len(parts)} budgets" if len(parts) > 1 else ""
    words = f"{count} problems × {len(lanes)} {'lane' if len(lanes) == 1 else 'lanes'}{points}: {runs:,} runs"
    words += f", about {_round(tokens):,} tokens"
    if len(seconds) == len(expected):
        words += f", up to {_duration(count * sum(seconds))} here"
    return f"{words}. It goes on when this page is closed."


def _round(value: float) -> int:
    """Two digits that say something."""
    size = max(1, 10 ** (len(str(int(value))) - 2))
    return int(round(value / size) * size)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
