"""A page with one figure and two buttons: `python -m tests.browser.plotly_page --port N`."""

from __future__ import annotations

import sys
import threading

import gradio as gr
from plotly.graph_objects import Figure, Scatter

from app import plotly_view, theme
from app.scripts import STATIC


def line(points: int) -> Figure:
    figure = Figure(Scatter(x=list(range(points)), y=[n * n for n in range(points)], name="squares"))
    figure.update_layout(template="none", xaxis_title="n", meta={"description": f"{points} squares"})
    return figure


if __name__ == "__main__":
    with gr.Blocks(analytics_enabled=False) as page:
        view = plotly_view.plotly_view("figure", line(3))
        more, none = gr.Button("More"), gr.Button("None")
        clicked = gr.Textbox(label="Clicked", elem_id="clicked")
        points = gr.State(3)
        more.click(lambda n: (n + 1, plotly_view.shown(line(n + 1))), points, [points, view])
        none.click(lambda: plotly_view.shown(None), None, view)

        def say(event: gr.EventData) -> str:
            return f"{event.name} {event.x} {event.y}"  # type: ignore[attr-defined]

        view.click(say, None, clicked)
    gr.set_static_paths([STATIC, plotly_view.LIBRARY])
    page.launch(
        server_name="127.0.0.1", server_port=int(sys.argv[sys.argv.index("--port") + 1]), ssr_mode=False,
        theme=theme.gradio_theme(), css=theme.css_variables(), css_paths=[STATIC / "plotly_view.css"],
        prevent_thread_lock=True, quiet=True,
    )  # fmt: skip
    threading.Event().wait()
