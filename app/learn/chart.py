"""What a lesson measured, as a chart and as the table beside it: every arm along the axis, with intervals."""

from __future__ import annotations

from typing import Any

from plotly.graph_objects import Figure, Scatter

from app.figures import BAND, style, translucent
from app.learn.lessons import Arm, Lesson
from app.learn.recordings import Measured, Recording
from engine.lab import statistics


def figure(lesson: Lesson, recording: Recording) -> Figure:
    """Share of problems right at each value of the axis, one line an arm, with 95 % Wilson intervals."""
    drawn = Figure()
    for place, (arm, points) in enumerate(_lines(lesson, recording)):
        look = style(place)
        shares = [statistics.share(point.count, len(point.right)) for point in points]
        places = [str(point.x) for point in points]
        if len(points) > 1:
            drawn.add_trace(
                Scatter(
                    x=places + places[::-1],
                    y=[share.high for share in shares] + [share.low for share in reversed(shares)],
                    fill="toself", fillcolor=translucent(look.colour, BAND), line={"width": 0}, mode="lines",
                    hoverinfo="skip", showlegend=False, legendgroup=arm.name,
                )
            )  # fmt: skip
        drawn.add_trace(
            Scatter(
                x=places,
                y=[share.value for share in shares],
                name=arm.title,
                legendgroup=arm.name,
                mode="lines+markers",
                line={"color": look.colour, "dash": look.dash, "width": 2.5},
                marker={"color": look.colour, "symbol": look.symbol, "size": 10},
                customdata=[
                    [point.count, len(point.right), round(100 * share.low), round(100 * share.high)]
                    for point, share in zip(points, shares, strict=True)
                ],
                hovertemplate=(
                    "%{customdata[0]} of %{customdata[1]} (%{customdata[2]} to %{customdata[3]} %)"
                    "<extra>%{fullData.name}</extra>"
                ),
            )
        )
    drawn.update_layout(
        template="none",
        xaxis={"title": lesson.batch.axis, "type": "category", "showgrid": False},
        yaxis={"range": [0, 1.03], "tickformat": ".0%", "dtick": 0.25, "title": "problems right"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        meta={"description": _described(lesson, recording)},
    )
    return drawn


def table(lesson: Lesson, recording: Recording) -> dict[str, Any]:
    """The same in words: {"axis", "xs", "rows": [{"title", "cells"}]}; a cell is "31 of 60 · 412 tokens"."""
    return {
        "axis": lesson.batch.axis,
        "xs": [f"{x:,}" for x in lesson.batch.values],
        "rows": [
            {
                "title": arm.title,
                "cells": [
                    f"{point.count} of {len(point.right)}, {point.tokens:,.0f} tokens" for point in points
                ],
            }
            for arm, points in _lines(lesson, recording)
        ],
    }


def _lines(lesson: Lesson, recording: Recording) -> list[tuple[Arm, list[Measured]]]:
    """The arms that were measured, each with its points along the axis."""
    lines = [
        (arm, [point for x in lesson.batch.values if (point := recording.at(arm.name, x))])
        for arm in lesson.arms
    ]
    return [(arm, points) for arm, points in lines if points]


def _described(lesson: Lesson, recording: Recording) -> str:
    said = []
    for arm, points in _lines(lesson, recording):
        first, last = points[0], points[-1]
        said.append(f"{arm.title}: from {first.count} at {first.x} to {last.count} at {last.x}")
    return f"Problems right, of {recording.problems}, by {lesson.batch.axis}. {'; '.join(said)}."
