"""What the History page asks: lists, marks, deletions, and files that come in.

Knows the service and the formats. Every answer is JSON text, {"error"} with one sentence where there is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.exchange import reading
from app.run_restore import content_of, name_of
from app.service import Service
from engine.errors import BadInput, PonderError
from engine.strategies import STRATEGIES
from engine.tasks import FAMILIES, code

PAGE = 40  # runs a request
MOST_AT_ONCE = 1_000  # runs that one change or export concerns
STATUSES = ("finished", "partial", "running", "queued", "cancelled", "interrupted", "failed")
VERDICTS: dict[str, bool | None] = {"right": True, "wrong": False, "unknown": None}


def choices() -> dict[str, list[list[str]]]:
    """What each filter can be set to, as [value, words]; models and tags come with each listing."""
    return {
        "strategy": [[name, strategy.title] for name, strategy in STRATEGIES.items()],
        "task": [[name, task.title] for name, task in (*FAMILIES.items(), (code.name, code))],
        "status": [[name, name] for name in STATUSES],
    }


def listing(service: Service, asked: Any) -> str:
    """One page of runs: {"runs", "count", "more", "models", "tags", "trouble"}."""
    try:
        return json.dumps(_listing(service, asked if isinstance(asked, dict) else {}))
    except PonderError as error:
        return json.dumps({"error": str(error)})


def change(service: Service, asked: Any) -> str:
    """Delete runs, bring them back, or mark them with a star, tags or a note: {"ok"}."""
    try:
        for run_id in ids_in(asked):
            _change(service, run_id, asked)
    except PonderError as error:
        return json.dumps({"error": str(error)})
    return json.dumps({"ok": True})


def importing(service: Service, asked: Any) -> str:
    """Keep the runs of a file {"name", "base64"}: {"said"} with what became of them."""
    try:
        runs = reading.read(content_of(asked))
        kept = service.adopt(runs)
    except PonderError as error:
        return json.dumps({"error": f"{name_of(asked)}: {error}"})
    known = len(runs) - kept
    new = f"{kept} run{'' if kept == 1 else 's'} imported from {name_of(asked)}"
    return json.dumps({"said": f"{new}{f'; {known} known already' if known else ''}."})


def ids_in(asked: Any) -> list[str]:
    """The ids of runs that a browser sent; none where it sent something else."""
    ids = asked.get("runs") if isinstance(asked, dict) else None
    return [str(run_id)[:64] for run_id in ids[:MOST_AT_ONCE]] if isinstance(ids, list) else []


def _change(service: Service, run_id: str, asked: Mapping[str, Any]) -> None:
    match asked.get("action"):
        case "delete":
            service.delete(run_id)
        case "restore":
            service.restore(run_id)
        case "mark":
            starred, tags, note = asked.get("is_starred"), asked.get("tags"), asked.get("note")
            service.mark(
                run_id,
                is_starred=starred if isinstance(starred, bool) else None,
                tags=[str(tag) for tag in tags] if isinstance(tags, list) else None,
                note=note if isinstance(note, str) else None,
            )
        case other:
            raise BadInput(f"There is no change {str(other)[:40]!r} of a run.")


def _listing(service: Service, asked: Mapping[str, Any]) -> dict[str, Any]:
    filters: dict[str, Any] = {
        name: str(asked[name]) for name in ("strategy", "model", "status", "task", "tag") if asked.get(name)
    }
    if asked.get("correct") in VERDICTS:
        filters["is_correct"] = [VERDICTS[asked["correct"]]]
    if asked.get("starred"):
        filters["is_starred"] = True
    search = str(asked.get("search") or "")[:200]
    given = asked.get("offset")
    offset = max(0, given) if isinstance(given, int) else 0
    found = service.runs(search, filters, limit=PAGE, offset=offset)
    count = service.count(search, filters)
    rows = [asdict(summary) | {"created_at": summary.created_at.isoformat()} for summary in found]
    for row in rows:
        strategy = STRATEGIES.get(row["strategy"])
        row["strategy_title"] = strategy.title if strategy else row["strategy"]
    known = service.choices()
    return {
        "runs": rows,
        "count": count,
        "more": offset + len(rows) < count,
        "models": known.get("model", []),
        "tags": known.get("tag", []),
        "trouble": service.trouble,
    }
