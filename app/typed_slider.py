"""A slider whose number field takes whatever is typed. Knows Gradio; static/page.js does the page's part.

Gradio's own answers a number out of range with an error, even one only half typed, and changes it when the
field is left. Here whoever reads the value says in a sentence what is wrong, and what was typed stays.
"""

from __future__ import annotations

import gradio as gr


class TypedSlider(gr.Slider):
    """As gr.Slider, but `preprocess` passes on any number, and None for an empty field."""

    is_template = True  # the page draws it as its parent

    def preprocess(self, payload: float | None) -> float | None:
        return payload
