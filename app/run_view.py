"""The run view: the centre and the right of the Run page, which follow one run by themselves.

Knows its markup (run_view.html, which static/run_*.js fill) and how the browser asks for a run's events.
The value only says which run to show; what the run holds is pulled, so a closed tab or a slow browser holds
up nothing. Does not know how events are found. No model text passes through here as markup.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from app import scripts

Pull = Callable[[dict[str, Any]], str]
"""Answers {"run": id, "cursor": events known already} with JSON text, see app/run_feed.py."""

TEMPLATE = Path(__file__).with_name("run_view.html")
MAX_ID_CHARACTERS = 64


def run_view(read: Pull) -> gr.HTML:
    """The component; set its value to JSON {"run", "node"?, "at"?, "autoplay"?} to show that run."""

    def pull(asked: Any) -> str:
        """The reply to one pull; anything else than a pull gets one sentence."""
        asked = asked if isinstance(asked, dict) else {}
        run, cursor = asked.get("run"), asked.get("cursor", 0)
        if not isinstance(run, str) or not isinstance(cursor, int) or len(run) > MAX_ID_CHARACTERS:
            return json.dumps({"error": "This is no run that can be shown; press Run to make one."})
        return read({"run": run, "cursor": max(0, cursor)})

    return gr.HTML(
        html_template=TEMPLATE.read_text(encoding="utf-8"),
        js_on_load=_ON_LOAD,
        head=scripts.tags(scripts.RUN),
        server_functions=[pull],
        apply_default_css=False,
        elem_id="run-view",
    )


_ON_LOAD = """
    const view = window.ponder.mountRunView(element, (asked) => server.pull(asked));
    const open = () => props.value && view.open(JSON.parse(props.value));
    watch('value', open);
    open();
"""
