"""The History page: every saved run, searched, filtered, opened, deleted and brought back.

Layout and wiring only: the list is drawn by static/history_view.js from what `listing` returns as JSON.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import gradio as gr

from app import scripts
from app.header import header
from app.service import Service
from engine.errors import PonderError
from engine.strategies import STRATEGIES
from engine.tasks import FAMILIES, code

PAGE = 40  # runs a request
STATUSES = ("finished", "partial", "running", "queued", "cancelled", "interrupted", "failed")


def build(service: Service) -> None:
    """Lay out the page inside the current Blocks."""

    def listing(asked: dict[str, Any]) -> str:
        """One page of runs as JSON: {"runs", "count", "more", "trouble"} or {"error"}."""
        try:
            return json.dumps(_listing(service, asked))
        except PonderError as error:
            return json.dumps({"error": str(error)})

    def change(asked: dict[str, Any]) -> str:
        """Delete a run, or bring it back; {"ok"} or {"error"} as JSON."""
        act = service.restore if asked.get("action") == "restore" else service.delete
        try:
            act(str(asked.get("run", "")))
        except PonderError as error:
            return json.dumps({"error": str(error)})
        return json.dumps({"ok": True})

    header("History")
    gr.HTML(
        value=json.dumps(_choices(service)),
        html_template=_TEMPLATE,
        js_on_load=(
            "window.ponder.mountHistory(element, JSON.parse(props.value),"
            " (asked) => server.listing(asked), (asked) => server.change(asked));"
        ),
        head=scripts.tags(scripts.HISTORY),
        server_functions=[listing, change],
        apply_default_css=False,
        elem_id="history",
    )


def _choices(service: Service) -> dict[str, list[list[str]]]:
    """What each filter can be set to, as [value, words]."""
    known = service.choices()
    return {
        "strategy": [[name, strategy.title] for name, strategy in STRATEGIES.items()],
        "task": [[name, task.title] for name, task in (*FAMILIES.items(), (code.name, code))],
        "model": [[name, name] for name in known.get("model", [])],
        "status": [[name, name] for name in STATUSES],
    }


def _listing(service: Service, asked: dict[str, Any]) -> dict[str, Any]:
    filters: dict[str, str | bool] = {
        name: str(asked[name]) for name in ("strategy", "model", "status", "task") if asked.get(name)
    }
    if asked.get("correct") in ("right", "wrong"):
        filters["is_correct"] = asked["correct"] == "right"
    search = str(asked.get("search") or "")[:200]
    offset = max(0, int(asked.get("offset") or 0))
    found = service.runs(search, filters, limit=PAGE, offset=offset)
    count = service.count(search, filters)
    rows = [asdict(summary) | {"created_at": summary.created_at.isoformat()} for summary in found]
    for row in rows:
        strategy = STRATEGIES.get(row["strategy"])
        row["strategy_title"] = strategy.title if strategy else row["strategy"]
    return {"runs": rows, "count": count, "more": offset + len(rows) < count, "trouble": service.trouble}


_TEMPLATE = """
<main class="hs-page" aria-labelledby="hs-title">
  <div class="hs-top">
    <h1 id="hs-title">History</h1>
    <p class="hs-count" data-testid="count" aria-live="polite"></p>
  </div>
  <form class="hs-filters" role="search">
    <input type="search" name="search" placeholder="Search problems, answers, models, run ids"
      aria-label="Search runs" data-testid="search">
    <select name="strategy" aria-label="Strategy"><option value="">Every strategy</option></select>
    <select name="task" aria-label="Kind of problem"><option value="">Every kind of problem</option></select>
    <select name="model" aria-label="Model"><option value="">Every model</option></select>
    <select name="status" aria-label="Status"><option value="">Every status</option></select>
    <select name="correct" aria-label="Right or wrong"><option value="">Right or wrong</option>
      <option value="right">Right</option><option value="wrong">Wrong</option></select>
  </form>
  <p class="pd-error hs-error" role="alert" hidden></p>
  <div class="hs-undo" role="status" hidden><span></span><button type="button">Undo</button></div>
  <ul class="hs-list" data-testid="runs"></ul>
  <p class="hs-empty" data-testid="empty" hidden></p>
  <button type="button" class="hs-more" hidden>Show more</button>
</main>
"""
