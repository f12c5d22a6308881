"""A Plotly figure on a page that keeps its zoom and legend while it changes.

Knows how a figure reaches the browser: as JSON text, for static/plotly_view.js to draw in the page's colours.
gr.Plot is not used: it builds the whole figure anew at every change. Does not know what is drawn.

    view = plotly_view("accuracy")
    button.click(lambda: shown(figure), None, view)
    view.click(lambda event: event.x, None, field)      # event: gr.EventData, with curve, name, point, x, y
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import plotly
from plotly.graph_objects import Figure

from app import scripts

LIBRARY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
"""The library that fits the installed plotly; the page serves it from there."""


def plotly_view(elem_id: str, figure: Figure | None = None, height: int = 320) -> gr.HTML:
    """The component, `height` pixels high; its value is what `shown` makes of a figure.

    The figure's `layout.meta["description"]` is read out where it cannot be seen.
    """
    return gr.HTML(
        value=shown(figure),
        html_template=f'<div class="pv" style="height: {int(height)}px"></div>',
        js_on_load=_ON_LOAD.replace("SOURCE", source()),
        head=scripts.tags(scripts.PLOTLY),
        apply_default_css=False,
        elem_id=elem_id,
    )


def shown(figure: Figure | None) -> str:
    """The value that shows this figure; without one the place is empty."""
    return "" if figure is None else str(figure.to_json())


def source() -> str:
    """Where the browser finds the library."""
    return scripts.address(LIBRARY)


_ON_LOAD = """
    const view = new window.ponder.PlotlyView(element.querySelector('.pv'), {
        source: 'SOURCE', onClick: (point) => trigger('click', point),
    });
    const show = () => view.show(props.value || '');
    watch('value', show);
    show();
"""
