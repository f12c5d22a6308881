"""The fork bar of the setup column: says that the next run begins at a node of another, and can be closed.

Its value is "" or JSON {"run", "node", "steps", "words"}, set by the event "ponder:fork" of the run view.
"""

from __future__ import annotations

import json

import gradio as gr

from app import scripts
from engine.errors import BadInput
from engine.runs import Origin


def fork_bar() -> gr.HTML:
    """The component; its `submit` event says that a fork was chosen or given up."""
    return gr.HTML(
        value="",
        html_template=_TEMPLATE,
        js_on_load="window.ponder.mountForkBar(element, props, watch, trigger);",
        head=scripts.tags(scripts.SETUP),
        apply_default_css=False,
        elem_id="fork-bar",
    )


def origin_in(value: str | None) -> Origin | None:
    """Where the next run begins; None at its question. Raises BadInput."""
    if not value:
        return None
    try:
        found = json.loads(value)
        run, node, steps = found["run"], found["node"], found.get("steps")
        is_sound = (
            isinstance(run, str) and isinstance(node, int) and (steps is None or isinstance(steps, int))
        )
    except (ValueError, TypeError, LookupError, RecursionError):
        is_sound = False
    if not is_sound:
        raise BadInput("The place to fork from is not clear: choose a node in the tree again.")
    return Origin(run, node, steps)


_TEMPLATE = """
<div class="pd-fork" role="group" aria-label="Fork" tabindex="-1" hidden>
  <p><b>Fork</b> The next run goes on from <span></span>. Choose a strategy and a budget.</p>
  <button type="button" class="pd-fork-end">Do not fork</button>
</div>
"""
