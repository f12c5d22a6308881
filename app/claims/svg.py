"""A chart as a small SVG file, for where no script runs: the README.

Draws what a `Chart` holds: lines, intervals, raw points, a legend; dark where the reader's page is. Knows
coordinates. Does not know what the chart says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from app import theme
from app.claims.figures import described, shift_of, styles
from app.figures import Style
from engine.bench.claims.finding import Chart, Series

WIDTH, HEIGHT = 760, 450
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 44, 74
LINE = 22  # of the legend
DODGE = 5  # pixels between neighbouring series, so that their intervals stay apart
LETTER = 7.1  # about the width of one, at 13 px
RAW_RADIUS, RADIUS = 1.6, 4.6

Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Axis:
    """Values to pixels, and the ticks: (value, its words)."""

    scale: Scale
    ticks: tuple[tuple[float, str], ...]


def svg(chart: Chart) -> str:
    """The whole file. Its description is that of the interactive figure."""
    looks = styles(chart)
    legend = _legend_rows(chart)
    top = TOP + LINE * len(legend)
    height = HEIGHT + LINE * len(legend)
    categories = list(dict.fromkeys(p.x for s in chart.series for p in s.points if isinstance(p.x, str)))
    x = _x_axis(chart, categories)
    y = _y_axis(chart, top, height - BOTTOM)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(chart.title)}</title><desc id="d">{escape(described(chart))}</desc>',
        f"<style>{_css(looks)}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height}" rx="8"/>',
        f'<text class="title" x="{LEFT}" y="26">{escape(chart.title)}</text>',
        *_legend(chart, legend, looks),
        *_axes(chart, x, y, top, height),
    ]
    for place, (series, look) in enumerate(zip(chart.series, looks, strict=True)):
        at = _placing(x.scale, categories, place, chart)
        parts += _series(series, looks.index(look), look, at, y.scale)
    return "\n".join([*parts, "</svg>", ""])


def _placing(scale: Scale, categories: list[str], place: int, chart: Chart) -> Callable[[float | str], float]:
    """Where the series at this place draws an x; those that share it stand beside each other."""
    xs = {point.x for point in chart.series[place].points}
    sharing = [i for i, other in enumerate(chart.series) if _has_intervals(other) and xs & _xs(other)]
    apart = len(sharing) > 1 and place in sharing and not categories
    pixels = (sharing.index(place) - (len(sharing) - 1) / 2) * DODGE if apart else 0.0
    shift = shift_of(place, len(chart.series)) if categories else 0.0
    return lambda x: scale(categories.index(x) + shift if isinstance(x, str) else float(x)) + pixels


def _xs(series: Series) -> set[float | str]:
    return {point.x for point in series.points}


def _has_intervals(series: Series) -> bool:
    return any(point.low < point.high for point in series.points)


def _x_axis(chart: Chart, categories: list[str]) -> Axis:
    if categories:
        scale = _linear(-0.5, len(categories) - 0.5, LEFT, WIDTH - RIGHT)
        return Axis(scale, tuple((float(i), name) for i, name in enumerate(categories)))
    points = [float(p.x) for s in chart.series for p in s.points if not isinstance(p.x, str)]
    raw = [float(x) for s in chart.series for x, _ in s.raw if not isinstance(x, str)]
    low, high = min(points + raw), max(points + raw)
    if chart.is_log_x:
        doubling = sorted(set(points))
        is_doubling = all(x == int(x) and int(x) & (int(x) - 1) == 0 for x in doubling)
        ticks = doubling if is_doubling else _round_numbers(low, high)
        return Axis(
            _logarithmic(low / 1.12, high * 1.12, LEFT, WIDTH - RIGHT), tuple((x, _words(x)) for x in ticks)
        )
    whole = sorted(set(points))
    ticks = whole if len(whole) <= 8 and all(x == int(x) for x in whole) else _steps(low, high)
    room = (high - low) * 0.06 or 0.5
    return Axis(_linear(low - room, high + room, LEFT, WIDTH - RIGHT), tuple((x, _words(x)) for x in ticks))


def _y_axis(chart: Chart, top: float, bottom: float) -> Axis:
    if "%" in chart.y:
        return Axis(_linear(0, 100, bottom, top), tuple((v, f"{v:.0f}") for v in (0, 25, 50, 75, 100)))
    ys = [y for s in chart.series for p in s.points for y in (p.low, p.high)]
    ys += [y for s in chart.series for _, y in s.raw]
    if chart.is_log_y:
        low, high = min(y for y in ys if y > 0), max(ys)
        scale = _logarithmic(low / 1.2, high * 1.2, bottom, top)
        return Axis(scale, tuple((v, _words(v)) for v in _round_numbers(low, high)))
    low, high = min(0.0, *ys), max(ys)
    return Axis(_linear(low, high * 1.04 or 1, bottom, top), tuple((v, _words(v)) for v in _steps(low, high)))


def _linear(low: float, high: float, start: float, end: float) -> Scale:
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    inner = _linear(math.log(low), math.log(high), start, end)
    return lambda value: inner(math.log(max(value, low)))


def _round_numbers(low: float, high: float) -> list[float]:
    """1, 2, 5, 10 … within the range."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [f * 10.0**p for p in powers for f in (1, 2, 5) if low * 0.9 <= f * 10.0**p <= high * 1.1]


def _steps(low: float, high: float) -> list[float]:
    """Four to eight even ticks."""
    spread = high - low or 1
    step = 10.0 ** math.floor(math.log10(spread))
    step = next(part * step for part in (0.1, 0.2, 0.25, 0.5, 1.0) if spread / (part * step) <= 8)
    first = math.ceil(low / step)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _words(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 and value == round(value) else f"{value:g}"


def _axes(chart: Chart, x: Axis, y: Axis, top: float, height: float) -> Iterator[str]:
    bottom = height - BOTTOM
    for value, words in y.ticks:
        yield f'<path class="grid" d="M{LEFT} {y.scale(value):.1f}H{WIDTH - RIGHT}"/>'
        at = y.scale(value)
        yield f'<text class="tick" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{words}</text>'
    for value, words in x.ticks:
        place = f'x="{x.scale(value):.1f}" y="{bottom + 20}"'
        yield f'<text class="tick" {place} text-anchor="middle">{escape(words)}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<path class="axis" d="M{LEFT} {bottom}H{WIDTH - RIGHT}"/>'
    yield f'<text class="name" x="{middle}" y="{bottom + 42}" text-anchor="middle">{escape(chart.x)}</text>'
    notes = "; ".join(part for part in ("bars: 95 % intervals", chart.raw_is) if part)
    yield f'<text class="note" x="{WIDTH - RIGHT}" y="{height - 12}" text-anchor="end">{escape(notes)}</text>'
    turned = f'transform="translate(18 {(top + bottom) / 2}) rotate(-90)"'
    yield f'<text class="name" {turned} text-anchor="middle">{escape(chart.y)}</text>'


def _series(
    series: Series, number: int, look: Style, at: Callable[[float | str], float], scale: Scale
) -> Iterator[str]:
    """Raw points below, then intervals, the line, and the estimates."""
    yield f'<g class="s{number}">'
    for x, y in series.raw:
        yield f'<circle class="raw" cx="{at(x):.1f}" cy="{scale(y):.1f}" r="{RAW_RADIUS}"/>'
    points = [(at(p.x), scale(p.y), scale(p.low), scale(p.high)) for p in series.points]
    is_fit = all(p.low == p.high for p in series.points)
    if series.is_line and len(points) > 1:
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y, _, _ in points)
        dash = ' stroke-dasharray="5 4"' if series.is_dashed else ""
        yield f'<path class="line" d="M{path}"{dash}/>'
    if not is_fit:
        for x, y, low, high in points:
            ends = "".join(f"M{x - 3:.1f} {end:.1f}h6" for end in (low, high))
            yield f'<path class="bar" d="M{x:.1f} {low:.1f}V{high:.1f}{ends}"/>'
            yield _mark(look.symbol, x, y)
    yield "</g>"


def _mark(symbol: str, x: float, y: float) -> str:
    r = RADIUS
    match symbol:
        case "circle":
            return f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>'
        case "square":
            return f'<rect class="mark" x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r}" height="{2 * r}"/>'
        case "triangle-up":
            shape = ((0, -1.25), (1.15, 0.9), (-1.15, 0.9))
        case "diamond":
            shape = ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0))
        case "x":
            shape = (
                (-1.2, -0.7), (-0.7, -1.2), (0, -0.5), (0.7, -1.2), (1.2, -0.7), (0.5, 0),
                (1.2, 0.7), (0.7, 1.2), (0, 0.5), (-0.7, 1.2), (-1.2, 0.7), (-0.5, 0),
            )  # fmt: skip
        case _:
            turns = (-math.pi / 2 + i * math.pi / 5 for i in range(10))
            shape = tuple(
                (f * math.cos(a), f * math.sin(a)) for a, f in zip(turns, (1.5, 0.65) * 5, strict=True)
            )
    corners = " ".join(f"{x + r * dx:.1f},{y + r * dy:.1f}" for dx, dy in shape)
    return f'<polygon class="mark" points="{corners}"/>'


def _legend_rows(chart: Chart) -> list[list[tuple[int, float]]]:
    """Which series stand in each line of the legend, and where."""
    rows: list[list[tuple[int, float]]] = [[]]
    x = float(LEFT)
    for place, series in enumerate(chart.series):
        width = 30 + LETTER * len(series.name) + 18
        if rows[-1] and x + width > WIDTH - RIGHT:
            rows.append([])
            x = float(LEFT)
        rows[-1].append((place, x))
        x += width
    return rows


def _legend(chart: Chart, rows: list[list[tuple[int, float]]], looks: list[Style]) -> Iterator[str]:
    for line, row in enumerate(rows):
        y = TOP + LINE * line + 4
        for place, x in row:
            series, look = chart.series[place], looks[place]
            yield f'<g class="s{looks.index(look)}">'
            if series.is_line:
                dash = ' stroke-dasharray="5 4"' if series.is_dashed else ""
                yield f'<path class="line" d="M{x} {y}h22"{dash}/>'
            if not all(p.low == p.high for p in series.points):
                yield _mark(look.symbol, x + 11, y)
            yield f'</g><text class="key" x="{x + 30}" y="{y + 4.5}">{escape(series.name)}</text>'


def _css(looks: list[Style]) -> str:
    light, dark = theme.LIGHT, theme.DARK
    colours = "".join(f".s{i}{{--c:{look.colour}}}" for i, look in enumerate(looks) if looks.index(look) == i)
    return (
        f":root{{--ground:{light['panel']};--ink:{light['ink']};--soft:{light['soft']};--grid:{light['line']}}}"
        f"@media(prefers-color-scheme:dark){{:root{{--ground:{dark['panel']};--ink:{dark['ink']};"
        f"--soft:{dark['soft']};--grid:{dark['line']}}}}}"
        f"text{{font:13px {theme.SANS.replace(chr(34), chr(39))};fill:var(--ink)}}"
        ".title{font-size:16px;font-weight:600}.tick{fill:var(--soft);font-variant-numeric:tabular-nums}"
        ".name{fill:var(--soft)}.note{fill:var(--soft);font-size:11px}.ground{fill:var(--ground)}.grid{stroke:var(--grid)}.axis{stroke:var(--soft)}"
        f"{colours}.line{{fill:none;stroke:var(--c);stroke-width:2}}.bar{{fill:none;stroke:var(--c)}}"
        ".mark{fill:var(--c)}.raw{fill:var(--c);opacity:.35}"
    )
