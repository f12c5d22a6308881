"""Settings from a file: any exported run that is dropped on the page, or chosen, fills the setup column.

Its value is "" or the JSON of one record without nodes. Knows files and records; the page knows its controls.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import replace
from typing import Any

import gradio as gr

from app import scripts
from app.exchange import reading
from app.exchange.records import spec_of
from engine.errors import BadInput, PonderError
from engine.runs import RunSpec


def restore_from_file() -> gr.HTML:
    """The component; its `submit` event says that its value holds new settings."""

    def read_file(asked: Any) -> str:
        """The settings of the first run in a file {"name", "base64"}: {"settings", "count"} or {"error"}."""
        try:
            runs = reading.read(content_of(asked))
        except PonderError as error:
            return json.dumps({"error": f"{name_of(asked)}: {error}"})
        return json.dumps({"settings": runs[0].facts(), "count": len(runs), "name": name_of(asked)})

    return gr.HTML(
        value="",
        html_template=_TEMPLATE,
        js_on_load="window.ponder.mountRestore(element, props, (asked) => server.read_file(asked), trigger);",
        head=scripts.tags(scripts.SETUP),
        server_functions=[read_file],
        apply_default_css=False,
        elem_id="restore",
    )


def content_of(asked: Any) -> bytes:
    """The bytes of a file that a browser sent. Raises BadInput."""
    encoded = asked.get("base64") if isinstance(asked, dict) else None
    if not isinstance(encoded, str) or len(encoded) > 2 * reading.MAX_BYTES:
        raise BadInput("This is no file that can be read here.")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("The file did not arrive whole; try again.") from None


def name_of(asked: Any) -> str:
    """The file's own name, short."""
    name = asked.get("name") if isinstance(asked, dict) else None
    return str(name or "The file")[:60]


def settings_in(value: str | None) -> RunSpec:
    """The settings that the component holds; those of a fork, for its whole problem. Raises BadInput."""
    try:
        record = json.loads(value or "")
    except (ValueError, RecursionError):
        raise BadInput("The settings in the file cannot be read.") from None
    return replace(spec_of(record), origin=None)


_TEMPLATE = """
<div class="pd-restore">
  <button type="button" class="pd-restore-pick">Restore settings from a file…</button>
  <input type="file" hidden tabindex="-1" aria-hidden="true" accept=".json,.jsonl,.csv,.parquet,.html">
  <p class="pd-hint" role="status" hidden></p>
  <p class="pd-error" role="alert" hidden></p>
  <div class="pd-drop" hidden><p>Drop an exported run to restore its settings</p></div>
</div>
"""
