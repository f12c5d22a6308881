"""`bench claims` as a person runs it, and what comes of it: report, tables, figures, shipped runs."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from app import command_line
from app.claims import figures, publishing, svg, table
from app.claims.report import Report, read
from app.claims.runs import KEPT_PROBLEMS
from engine.bench.claims import present
from engine.bench.claims.finding import Chart, Point, Row, Series
from engine.errors import BadInput, StorageError
from engine.lab.statistics import Interval
from storage.shipping import ship
from storage.store import Store

ONLY = ("--only", "voting", "--only", "judging", "--only", "reasoning")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work folder of a quick look at three claims, on made-up text."""
    folder = tmp_path_factory.mktemp("claims")
    with pytest.MonkeyPatch.context() as patch:
        _quicken(patch)
        assert bench("--quick", *ONLY, "--work", str(folder)) == command_line.DONE
    return folder


@pytest.fixture(autouse=True)
def _quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    _quicken(monkeypatch)


def _quicken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(present, "QUICK_PROBLEMS", 6)
    patch.setattr(present, "QUICK_SAMPLES", 16)


@pytest.fixture(scope="module")
def report(work: Path) -> Report:
    return read(work / "claims-only.json")


def bench(*arguments: str) -> int:
    return command_line.main(["bench", "claims", "--model", "scripted", *arguments])


def test_the_report_can_be_read_again(work: Path, report: Report) -> None:
    record = json.loads((work / "claims-only.json").read_text())
    assert [claim["name"] for claim in record["claims"]] == ["reasoning", "voting", "judging"]
    assert record["is_quick"] and record["problems"] == 6
    row = record["claims"][1]["finding"]["rows"][0]
    assert row["measure"] == "self_consistency 16 − one sample"
    assert row["is_met"] == (row["found"]["value"] >= row["target"] == 10)
    assert json.loads(json.dumps(report.record())) == record
    with pytest.raises(BadInput, match="holds no report"):
        read(work / "cells")


def test_a_second_run_prints_the_same_at_once(
    work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(work / "cells", tmp_path / "cells")
    assert bench("--quick", "--only", "voting", "--work", str(tmp_path), "--json") == command_line.DONE
    out, err = capsys.readouterr()
    again = json.loads(out)
    before = json.loads((work / "claims-only.json").read_text())
    assert again["claims"] == [claim for claim in before["claims"] if claim["name"] == "voting"]
    assert "✓" in err or "✗" in err
    assert "self_consistency 16 − one sample" in err and "A quick look" in err


def test_an_unknown_claim_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("--only", "telepathy") == command_line.BAD_INPUT
    assert "There is no claim “telepathy”; there are reasoning, coverage" in capsys.readouterr().err
    for option in ("--publish", "--again"):
        assert bench("--only", "voting", option) == command_line.BAD_INPUT
        assert f"{option} takes the whole bench: leave --only out" in capsys.readouterr().err


def test_what_is_missing_is_said_plainly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.claims.command._others", lambda model: ("no-such-model", "scripted"))
    assert bench("--quick", "--only", "small_longer", "--work", str(tmp_path)) == command_line.DONE
    said = " ".join(capsys.readouterr().out.split())
    assert "skipped: no-such-model is not here: `python app.py train no-such-model` makes it." in said


def test_the_first_problems_of_every_cell_are_kept_as_runs(work: Path, report: Report) -> None:
    store = Store(f"sqlite:///{work / 'runs.db'}")
    try:
        for claim in report.claims:
            assert claim.cells
            for name in claim.cells:
                cells = store.cells(f"claims-{name}")
                assert [cell.cell for cell in cells] == list(range(KEPT_PROBLEMS))
                assert store.load(cells[0].run).tree.nodes
    finally:
        store.close()


# ---- shipping ------------------------------------------------------------------------------------------


def test_shipped_runs_fit_and_open_like_any_other(work: Path, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{work / 'runs.db'}")
    try:
        runs = [store.load(one.run) for batch in _batches(work) for one in store.cells(batch)]
    finally:
        store.close()
    target = tmp_path / "some.sqlite"
    assert ship(runs, target) == len(runs)
    enough_for_most = target.stat().st_size * 3 // 4
    shipped = ship(runs, target, max_bytes=enough_for_most)
    assert 0 < shipped < len(runs)
    assert target.stat().st_size <= enough_for_most
    assert [path.name for path in tmp_path.iterdir()] == ["some.sqlite"]
    again = Store(f"sqlite:///{target}")
    try:
        first = again.load(runs[0].id)
        assert first.tree.events == runs[0].tree.events
        assert first.usage == runs[0].usage and first.spec == runs[0].spec
    finally:
        again.close()
    with pytest.raises(StorageError, match="Not one of the runs fits"):
        ship(runs, tmp_path / "none.sqlite", max_bytes=1000)


def _batches(work: Path) -> list[str]:
    with sqlite3.connect(work / "runs.db") as connection:
        return [name for (name,) in connection.execute("SELECT DISTINCT batch FROM runs ORDER BY batch")]


def test_publishing_puts_everything_in_its_place(work: Path, report: Report, tmp_path: Path) -> None:
    (tmp_path / "app" / "recorded").mkdir(parents=True)
    readme = tmp_path / "README.md"
    readme.write_text("# Before\n<!-- claims -->\nold\n<!-- /claims -->\nAfter\n")
    store = Store(f"sqlite:///{work / 'runs.db'}")
    try:
        runs = [store.load(one.run) for one in store.cells(_batches(work)[0])]
    finally:
        store.close()
    text = (work / "claims-only.json").read_text()
    written = publishing.publish(text, report, runs, tmp_path)
    assert all(path.is_file() for path in written)
    said = readme.read_text()
    assert said.startswith("# Before\n<!-- claims -->\n") and said.endswith("<!-- /claims -->\nAfter\n")
    assert "old" not in said
    assert "| Voting | arithmetic, 4–6 operations | self_consistency 16 − one sample |" in said
    pictures = re.findall(r"\((static/figures/.*?)\)", said)
    assert pictures == ["static/figures/voting.svg"]  # coverage and searching were not measured
    assert (tmp_path / pictures[0]).read_text().startswith("<svg")
    assert read(tmp_path / "app" / "recorded" / "claims.json") == report
    readme.write_text("no place\n")
    with pytest.raises(BadInput, match="has no place"):
        publishing.publish(text, report, runs, tmp_path)


# ---- tables --------------------------------------------------------------------------------------------


def row(**changes: object) -> Row:
    plain = Row("arithmetic", "a − b", "points", Interval(12.34, -1.0, 20.0), 200)
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_numbers_in_words() -> None:
    assert table.found(row()) == "+12.3 points (−1.0 to +20.0)"
    assert table.found(row(unit="R²", found=Interval(0.9876, 0.9, 1.0))) == "0.988 (0.900 to 1.000)"
    assert table.found(row(unit="of 4", found=Interval(2, 1, 3))) == "2 of 4 (1 to 3)"
    assert [table.asked(row(**change)) for change in ({}, {"target": 10.0}, {"target": -1.0})] == [
        "",
        "≥ 10",
        "≥ −1",
    ]
    assert table.asked(row(target=40.0, is_ceiling=True)) == "≤ 40"
    assert table.asked(row(target=0.0, is_strict=True)) == "> 0"


def test_what_is_met() -> None:
    assert row(target=12.0).is_met and not row(target=13.0).is_met and row().is_met is None
    assert row(target=13.0, is_ceiling=True).is_met
    assert not row(target=12.34, is_strict=True).is_met


# ---- figures -------------------------------------------------------------------------------------------

NUMBERS = Chart(
    "n", "Numbers & signs", "samples, n", "problems solved, %",
    (
        Series("one <b>", (Point(1, 20, 15, 25), Point(4, 50, 45, 55)), ((1, 10.0), (1, 30.0))),
        Series("one <b>: fit", (Point(1, 21, 21, 21), Point(4, 49, 49, 49)), is_dashed=True),
    ),
    is_log_x=True, raw_is="each small dot is 20 problems",
)  # fmt: skip
NAMES = Chart(
    "c", "Names", "family", "tokens",
    (
        Series("a", (Point("story", 90, 80, 100), Point("countdown", 40, 30, 50)), (("story", 95.0),), False),
        Series("b", (Point("story", 60, 50, 70), Point("countdown", 20, 10, 30)), (), False),
    ),
)  # fmt: skip


@pytest.mark.parametrize("chart", [NUMBERS, NAMES], ids=["numbers", "names"])
def test_a_chart_is_drawn_whole(chart: Chart) -> None:
    root = ElementTree.fromstring(svg.svg(chart))
    drawn = [element.tag.rpartition("}")[2] for element in root.iter()]
    texts = [element.text for element in root.iter() if element.text]
    assert chart.title in texts and chart.x in texts and chart.y in texts
    assert {series.name for series in chart.series} <= set(texts)
    raws = [element for element in root.iter() if element.get("class") == "raw"]
    assert len(raws) == sum(len(series.raw) for series in chart.series)
    bars = [element for element in root.iter() if element.get("class") == "bar"]
    assert len(bars) == sum(point.low < point.high for series in chart.series for point in series.points)
    assert "script" not in drawn
    for mark in root.iter():
        for name in ("cx", "x"):
            assert mark.get(name) is None or 0 <= float(mark.get(name, "0")) <= svg.WIDTH


@pytest.mark.parametrize("chart", [NUMBERS, NAMES], ids=["numbers", "names"])
def test_the_interactive_figure_has_intervals_and_raw_points(chart: Chart) -> None:
    drawn: Any = figures.figure(chart)
    named = [trace for trace in drawn.data if trace.name]
    assert len(named) == len(chart.series)
    first = chart.series[0]
    assert list(named[0].y) == [point.y for point in first.points]
    assert list(named[0].error_y.array) == [point.high - point.y for point in first.points]
    raw = drawn.data[0]
    assert list(raw.y) == [y for _, y in first.raw] and raw.hoverinfo == "skip"
    assert chart.x == drawn.layout.xaxis.title.text and chart.y == drawn.layout.yaxis.title.text
    assert chart.title in drawn.layout.meta["description"]


def test_a_fit_looks_like_what_it_fits() -> None:
    first, second = figures.styles(NUMBERS)
    assert first == second
    assert len(set(figures.styles(NAMES))) == 2


def test_the_page_needs_nothing_else(work: Path) -> None:
    page = (work / "claims-only.html").read_text()
    outside = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)=", outside)
    assert page.count("<figure>") == 4
    assert "A quick look" in page
