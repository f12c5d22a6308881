"""Coverage: how many problems some sample solves, and how that grows with samples."""

from __future__ import annotations

from dataclasses import replace
from math import log

from engine.bench.claims.cells import Sets, set_in_words
from engine.bench.claims.finding import Chart, Finding, Measuring, Point, Row, Series
from engine.bench.claims.plan import Plan
from engine.bench.claims.reading import (
    RAW_BLOCKS,
    curve,
    passed,
    percent,
    points,
    rights,
    side,
    signed,
    sizes,
    tokens,
    tokens_of,
    trials,
)
from engine.bench.claims.sets import ARITHMETIC, COUNTDOWN, PROGRAMS, STORY
from engine.lab import pass_at_k, power_law

SETS = (ARITHMETIC, STORY, COUNTDOWN, PROGRAMS)
LOW, HIGH = 20.0, 60.0  # percent that greedy must solve for the claim to speak of the set
GAIN, FIT = 25.0, 0.95


def coverage(plan: Plan) -> Measuring:
    """pass@k of the samples against one greedy chain, and the power law. Source: arXiv 2407.21787."""
    plan.need()
    rows: list[Row] = []
    covered, laws = [], []
    measured = yield [plan.greedy(sets) for sets in SETS] + [plan.pool(sets) for sets in SETS]
    for sets, greedy, pool in zip(SETS, measured, measured[len(SETS) :], strict=False):
        label, ks = _label(sets), sizes(pool)
        most = ks[-1]
        solved = percent(rights(greedy)).value
        is_spoken_of = LOW <= solved <= HIGH
        outside = f"greedy solves {solved:.0f} %, outside the claim's {LOW:.0f} to {HIGH:.0f} %"
        rows.append(
            Row(
                label,
                f"pass@{most} − greedy",
                "points",
                points(passed(pool, most), rights(greedy)),
                len(pool),
                GAIN if is_spoken_of else None,
                sides=(
                    side("greedy", rights(greedy), tokens(greedy)),
                    side(f"pass@{most}", passed(pool, most), tokens_of(pool, most, is_scored=False)),
                ),
                note="" if is_spoken_of else outside,
            )
        )
        covered.append(curve(label, ks, [passed(pool, k) for k in ks]))
        by_problem = pass_at_k.coverage(trials(pool), ks)
        means = by_problem.mean(axis=0).tolist()
        try:
            law = power_law.fit(ks, means)
        except ValueError as error:
            rows[-1] = _with_note(rows[-1], f"no fit: {error}")
            continue
        rows.append(
            Row(
                label,
                "−ln coverage as a power law of k",
                "R²",
                power_law.fit_interval(ks, by_problem),
                len(pool),
                FIT if is_spoken_of else None,
                note=f"exponent {law.exponent:.2f}, from {law.points} values of k"
                + ("" if is_spoken_of else f"; {outside}"),
            )
        )
        laws += _drawn_law(label, ks, [curve(label, [k], [passed(pool, k)]).points[0] for k in ks], law)
    charts = [
        Chart(
            "coverage",
            "Coverage: problems that at least one of k samples solves",
            "samples a problem, k",
            "problems solved, %",
            tuple(covered),
            is_log_x=True,
            raw_is=RAW_BLOCKS,
        )
    ]
    if laws:
        charts.append(
            Chart(
                "coverage-law",
                "Coverage as a power law",
                "samples a problem, k",
                "−ln coverage",
                tuple(laws),
                is_log_x=True,
                is_log_y=True,
            )
        )
    gains = [row for row in rows if row.unit == "points"]
    said = "; ".join(f"{row.label} {signed(row.found)}" for row in gains)
    return Finding(
        tuple(rows),
        tuple(charts),
        f"Points that {plan.samples} samples cover beyond one greedy chain: {said}.",
    )


def _label(sets: Sets) -> str:
    return " + ".join(set_in_words(task, levels) for task, levels in sets)


def _with_note(row: Row, note: str) -> Row:
    return replace(row, note="; ".join(part for part in (row.note, note) if part))


def _drawn_law(label: str, ks: list[int], measured: list[Point], law: power_law.PowerLaw) -> list[Series]:
    """The measured −ln coverage with its interval, and the fitted line."""
    told = [point for point in measured if point.low > 0 and point.high < 100]
    dots = tuple(Point(p.x, -log(p.y / 100), -log(p.high / 100), -log(p.low / 100)) for p in told)
    line = tuple(Point(k, y, y, y) for k in (ks[0], ks[-1]) for y in [law.scale * k**law.exponent])
    return [
        Series(label, dots, is_line=False),
        Series(f"{label}: fit, R² {law.r_squared:.3f}", line, is_dashed=True),
    ]
