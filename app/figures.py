"""Records -> Plotly figures: pure functions, to be drawn by app/plotly_view.py in the page's own colours.

Knows what each figure counts, and how strategies are told apart: by Okabe and Ito's colours, always doubled
by a dash and a shape. Ink, ground and type are the page's, so none are set here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from plotly.graph_objects import Figure, Scatter

from app.compare_results import PartResult


@dataclass(frozen=True, slots=True)
class Style:
    """How one line is told from the others; `glyph` is its shape in running text."""

    colour: str
    dash: str
    symbol: str
    glyph: str


STYLES = (  # Okabe & Ito 2008, in an order that also differs in grey; 3 : 1 on both grounds
    Style("#0072b2", "solid", "circle", "●"),
    Style("#d55e00", "dash", "triangle-up", "▲"),
    Style("#009e73", "dot", "square", "■"),
    Style("#cc79a7", "dashdot", "diamond", "◆"),
)
BAND = 0.16  # opacity of an interval's band

AXES = {  # what a cost counts -> title, and how it is written in the hover
    "tokens": ("tokens a problem, scorer's included (mean)", "%{x:,.0f} tokens"),
    "seconds": ("seconds a problem (median)", "%{x:.2f} s"),
    "gflops": ("GFLOPs a problem, scorer's included (mean)", "%{x:.3g} GFLOPs"),
    "usd": ("dollars a problem, by the price book (mean)", "$%{x:.2g}"),
}
TICKS = {"usd": "$~g"}  # where a bare number would be read in thousandths and millionths


def style(place: int) -> Style:
    """The style of the lane or line at this place, from 0."""
    return STYLES[place % len(STYLES)]


def translucent(colour: str, opacity: float) -> str:
    """#rrggbb as an rgba() colour."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def accuracy(results: Sequence[PartResult], names: Sequence[str], cost: str = "tokens") -> Figure | None:
    """Share of problems solved against what they cost, one line a lane, with 95 % Wilson intervals.

    `cost` is one of AXES. None while no part of the budget has a complete problem.
    """
    measured = [one for one in results if one.lanes]
    if not measured:
        return None
    figure = Figure()
    title, at_x = AXES[cost]
    for place, name in enumerate(names):
        look = style(place)
        points = sorted(
            ((getattr(one.lanes[place], cost), one) for one in measured), key=lambda point: point[0]
        )
        xs = [x for x, _ in points]
        solved = [one.lanes[place].solved for _, one in points]
        has_band = xs[0] < xs[-1]
        if has_band:
            figure.add_trace(
                Scatter(
                    x=xs + xs[::-1],
                    y=[one.high for one in solved] + [one.low for one in reversed(solved)],
                    fill="toself", fillcolor=translucent(look.colour, BAND), line={"width": 0}, mode="lines",
                    hoverinfo="skip", showlegend=False, legendgroup=str(place),
                )
            )  # fmt: skip
        figure.add_trace(
            Scatter(
                x=xs,
                y=[one.value for one in solved],
                name=escape(name),
                legendgroup=str(place),
                mode="lines+markers",
                line={"color": look.colour, "dash": look.dash, "width": 2.5},
                marker={"color": look.colour, "symbol": look.symbol, "size": 9},
                error_y=None if has_band else _bars(solved, look.colour),
                customdata=[
                    [round(found.low * 100), round(found.high * 100), len(one.counted)]
                    for (_, one), found in zip(points, solved, strict=True)
                ],
                hovertemplate=(
                    "%{y:.0%} solved (%{customdata[0]} to %{customdata[1]}), %{customdata[2]} problems<br>"
                    + at_x
                ),
            )
        )
    figure.update_layout(
        template="none",
        xaxis={
            "title": title,
            "rangemode": "tozero",
            "zeroline": False,
            "showgrid": False,
            "tickformat": TICKS.get(cost),
        },
        yaxis={"range": [0, 1.02], "tickformat": ".0%", "dtick": 0.25, "title": "problems solved"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        meta={"description": _described(measured[-1], names, title)},
    )
    return figure


def _bars(solved: Sequence, colour: str) -> dict[str, object]:
    """Error bars where points of one cost make no band."""
    return {
        "type": "data", "symmetric": False, "color": colour, "thickness": 1.5, "width": 5,
        "array": [one.high - one.value for one in solved],
        "arrayminus": [one.value - one.low for one in solved],
    }  # fmt: skip


def _described(last: PartResult, names: Sequence[str], title: str) -> str:
    said = [f"{name} {one.solved.value:.0%}" for name, one in zip(names, last.lanes, strict=True)]
    return f"Problems solved against {title}. At the full budget: {', '.join(said)}."
