"""The History page: every saved run, searched, filtered, marked, compared, taken out and brought in.

Layout and wiring only: the list is drawn by static/history_*.js from what app/history_answers.py returns.
"""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from app import history_answers, run_answers, scripts
from app.exchange import FORMATS
from app.header import header
from app.service import Service


def build(service: Service) -> None:
    """Lay out the page inside the current Blocks."""

    def listing(asked: Any) -> str:
        """One page of runs."""
        return history_answers.listing(service, asked)

    def change(asked: Any) -> str:
        """Delete runs, bring them back, or mark them."""
        return history_answers.change(service, asked)

    def exporting(asked: Any) -> str:
        """Runs as one file."""
        ids = history_answers.ids_in(asked)
        return run_answers.exported(service, ids, str(asked.get("format")) if ids else "json")

    def importing(asked: Any) -> str:
        """The runs of a file, kept here."""
        return history_answers.importing(service, asked)

    header("History")
    gr.HTML(
        value=json.dumps(history_answers.choices()),
        html_template=_TEMPLATE,
        js_on_load=(
            "window.ponder.mountHistory(element, JSON.parse(props.value), {"
            " listing: (asked) => server.listing(asked), change: (asked) => server.change(asked),"
            " exporting: (asked) => server.exporting(asked), importing: (asked) => server.importing(asked)});"
        ),
        head=scripts.tags(scripts.HISTORY),
        server_functions=[listing, change, exporting, importing],
        apply_default_css=False,
        elem_id="history",
    )


_FORMATS = "".join(f'<option value="{form.name}">{form.title}</option>' for form in FORMATS.values())
_TEMPLATE = f"""
<main class="hs-page" aria-labelledby="hs-title">
  <div class="hs-top">
    <h1 id="hs-title">History</h1>
    <p class="hs-count" data-testid="count" aria-live="polite"></p>
    <div class="hs-import"><button type="button" class="hs-button">Import files…</button>
      <input type="file" multiple hidden tabindex="-1" aria-hidden="true" data-testid="import"
        accept=".json,.jsonl,.csv,.parquet,.html"></div>
  </div>
  <form class="hs-filters" role="search">
    <input type="search" name="search" placeholder="Search problems, answers, models, tags, notes, run ids"
      aria-label="Search runs" data-testid="search">
    <select name="strategy" aria-label="Strategy"><option value="">Every strategy</option></select>
    <select name="task" aria-label="Kind of problem"><option value="">Every problem kind</option></select>
    <select name="model" aria-label="Model"><option value="">Every model</option></select>
    <select name="status" aria-label="Status"><option value="">Every status</option></select>
    <select name="correct" aria-label="Right or wrong"><option value="">Right or wrong</option>
      <option value="right">Right</option><option value="wrong">Wrong</option>
      <option value="unknown">Not known</option></select>
    <select name="tag" aria-label="Tag"><option value="">Every tag</option></select>
    <label class="hs-only"><input type="checkbox" name="starred" value="yes"> Starred only</label>
  </form>
  <p class="pd-error hs-error" role="alert" hidden></p>
  <p class="hs-said" role="status" hidden></p>
  <div class="hs-undo" role="status" hidden><span></span><button type="button" class="hs-button">Undo</button>
    <button type="button" class="hs-dismiss" aria-label="Dismiss">×</button></div>
  <ul class="hs-list" data-testid="runs"></ul>
  <p class="hs-empty" data-testid="empty" hidden></p>
  <button type="button" class="hs-more" hidden>Show more</button>
  <div class="hs-bar" role="toolbar" aria-label="Selected runs" hidden>
    <b class="hs-chosen" aria-live="polite"></b>
    <a class="hs-button hs-compare">Compare</a>
    <span class="hs-out"><select class="hs-format" aria-label="Format">{_FORMATS}</select>
      <button type="button" class="hs-button hs-export">Export</button></span>
    <button type="button" class="hs-button hs-delete-all">Delete</button>
    <button type="button" class="hs-button hs-clear">Clear</button>
  </div>
  <div class="hs-drop" hidden><p>Drop exported runs to keep them here</p></div>
</main>
"""
