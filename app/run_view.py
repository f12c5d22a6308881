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
Ask = Callable[[dict[str, Any]], str]
"""Answers a question about a run with JSON text, see app/run_answers.py."""

TEMPLATE = Path(__file__).with_name("run_view.html")
MAX_ID_CHARACTERS = 64
NO_RUN = json.dumps({"error": "This is no run that can be shown; press Run to make one."})


def run_view(read: Pull, reselect: Ask, export: Ask) -> gr.HTML:
    """The component; set its value to JSON {"run", "node"?, "at"?, "autoplay"?} to show that run.

    `reselect` answers {"run", "select", "aggregate", "scorer"}, `export` {"run", "format"}; both in JSON.
    """

    def pull(asked: Any) -> str:
        """The reply to one pull; anything else than a pull gets one sentence."""
        cursor = asked.get("cursor", 0) if isinstance(asked, dict) else None
        if not names_a_run(asked) or not isinstance(cursor, int):
            return NO_RUN
        return read({"run": asked["run"], "cursor": max(0, cursor)})

    def choose_again(asked: Any) -> str:
        """What another rule would have answered."""
        return reselect(asked) if names_a_run(asked) else NO_RUN

    def save_as(asked: Any) -> str:
        """The run as a file."""
        return export(asked) if names_a_run(asked) else NO_RUN

    return gr.HTML(
        html_template=TEMPLATE.read_text(encoding="utf-8"),
        js_on_load=_ON_LOAD,
        head=scripts.tags(scripts.RUN),
        server_functions=[pull, choose_again, save_as],
        apply_default_css=False,
        elem_id="run-view",
    )


def names_a_run(asked: Any) -> bool:
    """Whether what a browser sent has an id of a run in it."""
    run = asked.get("run") if isinstance(asked, dict) else None
    return isinstance(run, str) and len(run) <= MAX_ID_CHARACTERS


_ON_LOAD = """
    const view = window.ponder.mountRunView(element, {
        pull: (asked) => server.pull(asked),
        reselect: (asked) => server.choose_again(asked),
        export: (asked) => server.save_as(asked),
    });
    const open = () => props.value && view.open(JSON.parse(props.value));
    watch('value', open);
    open();
"""
