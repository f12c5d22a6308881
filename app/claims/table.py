"""The claims as tables: one for the terminal, printed as it comes, and one in Markdown for the README.

Knows words and columns. Does not know how anything was measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from app.claims.report import Measured, Report
from engine.bench.claims.finding import Row
from engine.bench.claims.spending import GREEDY, PASSED

SIGNS = {True: ("✓", "green", "reached"), False: ("✗", "red", "not reached"), None: ("·", "dim", "stated")}
SPENDING = "spending"


def show(claim: Measured, console: Console) -> None:
    """One claim for a person at a terminal."""
    console.print(Text.assemble((claim.title, "bold"), f"  {claim.says}"), soft_wrap=True)
    if claim.finding is None:
        console.print(Text(f"  skipped: {claim.skipped}\n", style="yellow"), soft_wrap=True)
        return
    for row in claim.finding.rows:
        sign, style, _ = SIGNS[row.is_met]
        said = Text.assemble(
            (f"  {sign} ", style),
            f"{row.label}: {row.measure}  ",
            (found(row), "bold"),
            f"  asked {asked(row)}" if row.target is not None else "",
        )
        console.print(said, soft_wrap=True)
        if more := "; ".join(_sides(row)):
            console.print(Text(f"      {more}", style="dim"), soft_wrap=True)
    console.print(Text(f"  {claim.finding.summary}\n"), soft_wrap=True)


def found(row: Row) -> str:
    """ "+12.5 points (10.1 to 15.0)"."""
    digits = 1 if row.unit in ("points", "%") else 0 if row.unit.startswith("of ") else 3
    sign = "+" if row.unit == "points" else ""
    value, low, high = (f"{x:{sign}.{digits}f}" for x in (row.found.value, row.found.low, row.found.high))
    unit = {"in [0, 1]": "", "R²": ""}.get(row.unit, f" {row.unit}")
    return f"{value}{unit} ({low} to {high})".replace("-", "−")


def asked(row: Row) -> str:
    """ "≥ 50", or "" where nothing is."""
    if row.target is None:
        return ""
    sign = ">" if row.is_strict else "≤" if row.is_ceiling else "≥"
    return f"{sign} {row.target:g}".replace("-", "−")


def _sides(row: Row) -> Iterator[str]:
    for side in row.sides:
        yield f"{side.name}: {side.solved.value:.1f} % at {side.tokens:,.0f} tokens"
    if row.note:
        yield row.note


# ---- Markdown -----------------------------------------------------------------------------------------


def markdown(report: Report) -> str:
    """The README's tables: a row for each number that a claim asks for or states, then the models."""
    lines = [
        "| claim | on | measured | found (95 %) | asked | | tokens a problem |",
        "|---|---|---|---|---|---|---|",
    ]
    for claim in report.claims:
        if claim.name == SPENDING:
            continue
        if claim.finding is None:
            lines.append(f"| {claim.title} | | not measured: {_cell(claim.skipped)} | | | | |")
            continue
        for place, row in enumerate(claim.finding.rows):
            sign = SIGNS[row.is_met][0] if row.target is not None else ""
            lines.append(
                f"| {claim.title if not place else ''} | {_cell(row.label)} | {_cell(row.measure)} | "
                f"{found(row)} | {asked(row)} | {sign} | {_tokens(row)} |"
            )
    parts = ["\n".join(lines), negatives(report), "\n".join(models_table(report))]
    return "\n\n".join(part for part in parts if part)


def negatives(report: Report) -> str:
    """Every gain that is not there, a line for each claim: reversed, or not to be told from none."""
    lines = [
        f"- {claim.title}: "
        + "; ".join(
            f"{row.measure} on {row.label}: {found(row)}, "
            + ("reversed" if row.found.high < 0 else "within noise")
            for row in claim.finding.rows
            if row.is_absent
        )
        + "."
        for claim in report.claims
        if claim.finding is not None and any(row.is_absent for row in claim.finding.rows)
    ]
    return "\n".join(["**Where the effect is absent or reversed.**", "", *lines]) if lines else ""


def _tokens(row: Row) -> str:
    """Of one side and the other; of one alone."""
    spent = [f"{side.tokens:,.0f}" for side in row.sides]
    return " / ".join(spent)


def models_table(report: Report) -> list[str]:
    """What each model solves, in the columns that were set for it: found, and behind it what was asked."""
    claim = report.claim(SPENDING)
    if claim is None or claim.finding is None:
        return []
    rows = {(row.label, row.measure): row for row in claim.finding.rows}
    models = list(dict.fromkeys(row.measure.partition(",")[0] for row in claim.finding.rows))
    covered = next((row.measure.partition("@")[2] for row in claim.finding.rows if "@" in row.measure), "")
    labels = {key: _label_of(rows, *key) for key in GREEDY}
    titles = [
        f"{label}{f', greedy / pass@{covered}' if task in PASSED else ''}"
        for (task, _), label in labels.items()
    ]
    lines = [f"| solved, % (asked) | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for model in models:
        cells = []
        for (task, _), label in labels.items():
            measures = [f"{model}, greedy", *([f"{model}, pass@{covered}"] if task in PASSED else [])]
            shown = [rows[label, measure] for measure in measures if (label, measure) in rows]
            cells.append(" / ".join(f"{row.found.value:.0f} ({row.target:g})" for row in shown))
        lines.append(f"| `{model}` | {' | '.join(cells)} |")
    return lines


def _label_of(rows: dict[tuple[str, str], Row], task: str, level: int) -> str:
    return next(label for label, _ in rows if label.startswith(f"{task}, {level} "))


def _cell(words: str) -> str:
    return words.replace("|", "\\|")
