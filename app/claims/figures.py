"""The claims' charts as Plotly figures, and all of them in one HTML page that needs nothing else.

Knows how a chart is drawn. Does not know what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import plotly.io
from plotly.graph_objects import Figure, Scatter

from app import theme
from app.claims.report import Report
from app.claims.table import asked, found, negatives
from app.figures import STYLES, Style, translucent
from app.plotly_view import LIBRARY
from engine.bench.claims.finding import Chart, Series

MORE_STYLES = (*STYLES, Style("#76737f", "longdash", "x", "✕"), Style("#8a6d00", "longdashdot", "star", "★"))
RAW_OPACITY = 0.35
SPREAD = 0.16  # how far raw points of a category are laid apart, in categories


def figure(chart: Chart) -> Figure:
    """The chart with its intervals and raw points; ink, ground and type are the page's."""
    drawn = Figure()
    categories = _categories(chart)
    looks = styles(chart)
    for place, (series, look) in enumerate(zip(chart.series, looks, strict=True)):
        shift = shift_of(place, len(chart.series)) if categories else 0.0
        if series.raw:
            drawn.add_trace(_raw(series, look, categories, shift))
        drawn.add_trace(_estimates(series, look, categories, shift))
    drawn.update_layout(
        template="none",
        xaxis={
            "title": chart.x,
            "type": "log" if chart.is_log_x else "linear",
            "showgrid": False,
            "zeroline": False,
            **({"tickvals": list(range(len(categories))), "ticktext": categories} if categories else {}),
            **(_powers(chart) if chart.is_log_x else {}),
        },
        yaxis={"title": chart.y, "type": "log" if chart.is_log_y else "linear", "zeroline": False}
        | ({"range": [-3, 103]} if "%" in chart.y else {}),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        meta={"description": described(chart)},
    )
    return drawn


def styles(chart: Chart) -> list[Style]:
    """One style a series; a fit has that of what it fits."""
    names = list(dict.fromkeys(_base(series) for series in chart.series))
    return [MORE_STYLES[names.index(_base(series)) % len(MORE_STYLES)] for series in chart.series]


def described(chart: Chart) -> str:
    """The chart in words: each series from its first to its last point."""
    said = []
    for series in chart.series:
        if not series.points:
            continue
        first, last = series.points[0], series.points[-1]
        path = f"{first.y:.3g} at {first.x}"
        said.append(f"{series.name}: {path}" + (f" to {last.y:.3g} at {last.x}" if last is not first else ""))
    raw = f" {chart.raw_is[:1].upper()}{chart.raw_is[1:]}." if chart.raw_is else ""
    return f"{chart.title}. {chart.y} against {chart.x}, with 95 % intervals. {'; '.join(said)}.{raw}"


def page(report: Report) -> str:
    """Every claim with its numbers and figures, in one file that asks nothing of the network."""
    parts = []
    for claim in report.claims:
        parts.append(f"<h2>{escape(claim.title)}</h2><p class='says'>{escape(claim.says)}</p>")
        if claim.finding is None:
            parts.append(f"<p class='skipped'>Not measured: {escape(claim.skipped)}</p>")
            continue
        parts.append(f"<p>{escape(claim.finding.summary)}</p><p class='how'>{escape(claim.how)}</p>")
        parts.append(_table(claim.finding.rows))
        for chart in claim.finding.charts:
            drawn = figure(chart)
            drawn.update_layout(template="plotly_white", height=420)
            parts.append(
                f"<h3>{escape(chart.title)}</h3><figure>"
                + plotly.io.to_html(
                    drawn, include_plotlyjs=False, full_html=False, config={"displaylogo": False}
                )
                + f"<figcaption>{escape(described(chart))}</figcaption></figure>"
            )
    lost = negatives(report).replace("**", "")
    parts.append(f"<h2>Not everywhere</h2><p>{escape(lost)}</p>" if lost else "")
    quick = "<p><b>A quick look: 20 problems a cell decide nothing.</b></p>" if report.is_quick else ""
    return _PAGE.format(
        css=_CSS,
        library=LIBRARY.read_text(),
        problems=report.problems,
        made_at=escape(report.made_at[:10]),
        machine=escape(str(report.machine.get("device", ""))),
        quick=quick,
        body="\n".join(parts),
    )


def _base(series: Series) -> str:
    return series.name.partition(": fit")[0]


def _categories(chart: Chart) -> list[str]:
    """The names on the x axis, in order; [] where it counts numbers."""
    xs = (point.x for series in chart.series for point in series.points)
    return list(dict.fromkeys(x for x in xs if isinstance(x, str)))


def shift_of(place: int, count: int) -> float:
    """How far a series stands from the middle of each category, in categories."""
    return (place - (count - 1) / 2) * 0.8 / max(2, count + 1)


def _at(x: float | str, categories: list[str], shift: float) -> float:
    return categories.index(x) + shift if isinstance(x, str) else float(x)


def _raw(series: Series, look: Style, categories: list[str], shift: float) -> Scatter:
    return Scatter(
        x=[_at(x, categories, shift) + _apart(i, bool(categories)) for i, (x, _) in enumerate(series.raw)],
        y=[y for _, y in series.raw],
        mode="markers",
        marker={"color": translucent(look.colour, RAW_OPACITY), "size": 4, "symbol": look.symbol},
        hoverinfo="skip",
        showlegend=False,
        legendgroup=series.name,
    )


def _apart(place: int, is_category: bool) -> float:
    """Neighbours in a category are laid beside each other, always in the same way."""
    return SPREAD * ((place * 0.618034) % 1 - 0.5) if is_category else 0.0


def _estimates(series: Series, look: Style, categories: list[str], shift: float) -> Scatter:
    points = series.points
    is_fit = all(point.low == point.high for point in points)
    return Scatter(
        x=[_at(point.x, categories, shift) for point in points],
        y=[point.y for point in points],
        name=escape(series.name),
        legendgroup=series.name,
        mode="lines" if is_fit else "lines+markers" if series.is_line else "markers",
        line={"color": look.colour, "dash": "dash" if series.is_dashed else "solid", "width": 2},
        marker={"color": look.colour, "symbol": look.symbol, "size": 9},
        error_y=None
        if is_fit
        else {
            "type": "data",
            "symmetric": False,
            "color": look.colour,
            "thickness": 1.4,
            "width": 4,
            "array": [point.high - point.y for point in points],
            "arrayminus": [point.y - point.low for point in points],
        },
        customdata=[[point.low, point.high, point.x] for point in points],
        hovertemplate="%{y:.3g} (%{customdata[0]:.3g} to %{customdata[1]:.3g}) at %{customdata[2]}",
    )


def _powers(chart: Chart) -> dict[str, object]:
    """Ticks where samples double; elsewhere the axis finds its own."""
    xs = sorted({float(p.x) for s in chart.series for p in s.points if not isinstance(p.x, str)})
    are_doubling = bool(xs) and all(x > 0 and x == int(x) and int(x) & (int(x) - 1) == 0 for x in xs)
    return {"tickvals": xs, "ticktext": [f"{x:g}" for x in xs]} if are_doubling else {}


def _table(rows: Sequence) -> str:
    lines = []
    for row in rows:
        sign = {True: "✓", False: "✗", None: ""}[row.is_met]
        sides = "; ".join(
            f"{side.name}: {side.solved.value:.1f} % at {side.tokens:,.0f} tokens" for side in row.sides
        )
        cells = (
            row.label,
            row.measure,
            found(row),
            asked(row),
            sign,
            f"{row.problems} problems",
            "; ".join(part for part in (sides, row.note) if part),
        )
        lines.append("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>")
    return f"<div class='rows'><table>{''.join(lines)}</table></div>"


_CSS = f"""
body {{ font: 16px/1.5 {theme.SANS}; color: {theme.LIGHT["ink"]}; background: {theme.LIGHT["bg"]};
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
h2 {{ margin-top: 3rem; }} .says {{ font-weight: 600; }}
.how, figcaption, td {{ color: {theme.LIGHT["soft"]}; font-size: 0.875rem; }}
.rows {{ overflow-x: auto; }} td {{ padding: 0.2rem 1rem 0.2rem 0; vertical-align: top;
  font-variant-numeric: tabular-nums; }}
figure {{ margin: 1.5rem 0; }} .skipped {{ color: {theme.LIGHT["bad"]}; }}
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Ponder: the claims, measured</title><style>{css}</style><script>{library}</script></head>
<body><h1>The claims of the field, measured</h1>
<p>{problems} held-out problems a cell at least; 95 % intervals, bootstrapped over problems; tokens counted
with the scorer's. Made {made_at} on {machine}.</p>{quick}
{body}
</body></html>
"""
