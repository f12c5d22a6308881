"""What is shipped of the bench: the report, some of its runs, and the README's tables and figures.

Knows where those are kept in the repository. Does not measure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from app.claims.report import Report
from app.claims.shipped import REPORT, RUNS
from app.claims.svg import svg
from app.claims.table import markdown
from engine.errors import BadInput
from engine.runs import Run
from storage.shipping import ship

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "static" / "figures"
README = ROOT / "README.md"
BEGIN, END = "<!-- claims -->", "<!-- /claims -->"
SHOWN = (("verifying-arithmetic", "voting"), ("searching", "coverage"))
"""The README's two figures: of each pair the first that was measured."""


def publish(text: str, report: Report, runs: Iterable[Run], root: Path = ROOT) -> list[Path]:
    """Put everything in its place below `root`; returns what was written.

    `text` is the report's file. Raises BadInput where the README has no place for the tables, StorageError
    where the runs cannot be written.
    """
    place = _place_in((root / README.relative_to(ROOT)).read_text())
    written = []
    for path, content in _files(text, report).items():
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        written.append(target)
    shipped = root / RUNS.relative_to(ROOT)
    ship(runs, shipped)
    readme = root / README.relative_to(ROOT)
    readme.write_text(f"{place[0]}{BEGIN}\n{section(report)}\n{END}{place[1]}")
    return [*written, shipped, readme]


def section(report: Report) -> str:
    """The README's part: what was measured, the figures and the tables."""
    quick = " A quick look only: it decides nothing." if report.is_quick else ""
    said = (
        f"At least {report.problems} held-out problems a cell; 95 % intervals, bootstrapped over problems, "
        f"tokens with the scorer's.{quick} Rows without a target are stated, whichever way they point."
    )
    figures = [f"![{chart.title}](static/figures/{chart.name}.svg)" for chart in _charts(report)]
    return "\n\n".join([said, *figures, markdown(report)])


def _files(text: str, report: Report) -> dict[Path, str]:
    return {REPORT: text} | {FIGURES / f"{chart.name}.svg": svg(chart) for chart in _charts(report)}


def _charts(report: Report) -> list:
    found = (next(filter(None, map(report.chart, names)), None) for names in SHOWN)
    return [chart for chart in found if chart is not None]


def _place_in(readme: str) -> tuple[str, str]:
    found = re.search(f"{re.escape(BEGIN)}.*?{re.escape(END)}", readme, re.DOTALL)
    if not found:
        raise BadInput(f"README.md has no place for the tables: put {BEGIN} and {END} on lines of their own.")
    return readme[: found.start()], readme[found.end() :]
