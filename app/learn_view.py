"""The Learn page's one component: its frame, and the three questions that its scripts ask the server.

Knows its markup (learn_view.html, which static/learn_*.js fill) and what a question may look like. No model
text passes through here as markup.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from app import plotly_view, scripts
from app.learn import live, shown
from app.learn.lessons import Lesson, lessons
from app.run_feed import feed
from app.service import Service
from engine.errors import BadInput, PonderError
from engine.models import catalogue
from storage.json_text import to_json

TEMPLATE = Path(__file__).with_name("learn_view.html")
MAX_ID_CHARACTERS = 64


def learn_view(service: Service, model: str) -> gr.HTML:
    """The component; live runs are of `model`."""

    def lesson(asked: Any) -> str:
        """All that the page shows of one lesson, or {"error"}."""
        return _told(lambda: shown.lesson(_lesson(asked), catalogue.find(model)))

    def start(asked: Any) -> str:
        """The live runs of one turn of the knob, queued, or {"error"} with one sentence."""
        return _told(lambda: _start(service, model, asked))

    def pull(asked: Any) -> str:
        """The events of one run since a cursor, see app/run_feed.py."""
        run, cursor = _value(asked, "run", str), _value(asked, "cursor", int)
        if run is None or len(run) > MAX_ID_CHARACTERS:
            return json.dumps({"error": "This is no run that can be shown; choose again."})
        return feed(service, run, cursor or 0)

    return gr.HTML(
        value=json.dumps({"lessons": shown.listed(), "plotly": plotly_view.source()}),
        html_template=TEMPLATE.read_text(encoding="utf-8"),
        js_on_load=_ON_LOAD,
        head=scripts.tags(scripts.LEARN),
        server_functions=[lesson, start, pull],
        apply_default_css=False,
        elem_id="learn",
    )


def _start(service: Service, model: str, asked: Any) -> dict[str, Any]:
    lesson = _lesson(asked)
    choice, compare, seed = (_value(asked, name, int) for name in ("choice", "compare", "seed"))
    problem = _value(asked, "problem", str)
    if choice is None:
        raise BadInput(f"Choose one of the {len(lesson.change.values)} settings.")
    compared = None if compare is None or compare < 0 else compare
    return live.start(service, lesson, model, choice, compared, problem, seed or 0)


def _lesson(asked: Any) -> Lesson:
    name = _value(asked, "lesson", str)
    if name not in lessons():
        raise BadInput(f"There is no such lesson; there are {', '.join(lessons())}.")
    return lessons()[name]


def _value(asked: Any, name: str, kind: type) -> Any:
    """That part of a question, None where it is missing or of another kind."""
    value = asked.get(name) if isinstance(asked, dict) else None
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def _told(answer: Callable[[], dict[str, Any]]) -> str:
    try:
        return to_json(answer())
    except PonderError as error:
        return json.dumps({"error": str(error)})


_ON_LOAD = """
    window.ponder.mountLearn(element, JSON.parse(props.value), {
        lesson: (asked) => server.lesson(asked),
        start: (asked) => server.start(asked),
        pull: (asked) => server.pull(asked),
    });
"""
