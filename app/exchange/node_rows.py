"""Runs as rows, one for each node, for the two formats that are tables; and rows as runs again.

The question's row also holds the rest of the run's record, as JSON text, so that nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.exchange.records import run_of
from engine.errors import BadInput
from engine.runs import Run

RUN_COLUMNS = ("run", "problem", "strategy", "model", "seed", "run_status", "run_answer", "run_is_correct")
NODE_COLUMNS = (
    "id", "parent", "depth", "kind", "status", "reason", "text", "answer", "is_final", "tokens", "logprob",
    "confidence", "created_s", "finished_s", "instruction", "thinking", "forced", "struck",
)  # fmt: skip
LISTS = ("pieces", "token_logprobs", "token_confidences")
OBJECTS = ("scores", "step_scores", "search")
RECORD = "run_record"


def rows_of(runs: Sequence[Run]) -> tuple[list[str], list[dict[str, Any]]]:
    """The columns, a score's of its own for each scorer, and the rows with plain values."""
    rows: list[dict[str, Any]] = []
    scorers: dict[str, None] = {}
    for run in runs:
        record = run.record()
        nodes = record.pop("nodes")
        shared = {
            "run": run.id,
            "problem": run.spec.problem,
            "strategy": run.spec.strategy,
            "model": run.spec.model,
            "seed": run.spec.seed,
            "run_status": run.status,
            "run_answer": run.answer,
            "run_is_correct": run.is_correct,
        }
        depths: list[int] = []
        for node in nodes:
            depths.append(0 if node["parent"] is None else depths[node["parent"]] + 1)
            scores = {f"score_{name}": value for name, value in node["scores"].items()}
            scorers.update(dict.fromkeys(scores))
            head = json.dumps(record, ensure_ascii=False) if node["id"] == 0 else None
            rows.append(shared | node | scores | {"depth": depths[-1], RECORD: head})
    return [*RUN_COLUMNS, *NODE_COLUMNS, *scorers, *LISTS, *OBJECTS, RECORD], rows


def runs_of(rows: Iterable[Mapping[str, Any]]) -> list[Run]:
    """The runs of rows in any order of columns; those of one run stand together. Raises BadInput."""
    records: dict[str, dict[str, Any]] = {}
    for row in rows:
        run_id = str(row.get("run") or "")
        if run_id not in records:
            try:
                records[run_id] = dict(json.loads(row.get(RECORD) or "")) | {"nodes": []}
            except (ValueError, TypeError, RecursionError):
                raise BadInput(f"The table has no {RECORD} for the run {run_id[:40]!r}.") from None
        names = (*NODE_COLUMNS, *LISTS, *OBJECTS)
        records[run_id]["nodes"].append({name: row.get(name) for name in names if name != "depth"})
    return [run_of(record) for record in records.values()]
