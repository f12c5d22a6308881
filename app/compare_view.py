"""The Compare page's one component: its frame, and the two questions that its scripts ask the server.

Knows its markup (compare_view.html, which static/compare_*.js fill). What a run or a batch holds is pulled,
so a closed tab or a slow browser holds up nothing. No model text passes through here as markup.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from app import plotly_view, scripts

Question = Callable[[Any], str]

TEMPLATE = Path(__file__).with_name("compare_view.html")


def compare_view(choices: dict[str, Any], pull: Question, ask: Question) -> gr.HTML:
    """The component. `choices` fills the menus; `pull` and `ask` are those of app/compare_feed.py."""
    return gr.HTML(
        value=json.dumps(choices | {"plotly": plotly_view.source()}),
        html_template=TEMPLATE.read_text(encoding="utf-8"),
        js_on_load=(
            "window.ponder.mountCompare(element, JSON.parse(props.value),"
            " (asked) => server.pull(asked), (asked) => server.ask(asked));"
        ),
        head=scripts.tags(scripts.COMPARE),
        server_functions=[_named("pull", pull), _named("ask", ask)],
        apply_default_css=False,
        elem_id="compare",
    )


def _named(name: str, question: Question) -> Question:
    """The browser calls a server function by its Python name."""

    def answer(asked: Any) -> str:
        return question(asked)

    answer.__name__ = name
    return answer
