"""What was measured, as the System page tells it: all of the report, its figures, and runs that open."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app import run_feed, system_claims
from app.claims import shipped
from app.claims.report import read
from app.learn.lessons import lessons
from app.service import Service
from engine.bench.claims import CLAIMS
from engine.bench.claims.outcomes import REWARD
from engine.bench.claims.present import plan_here, weights
from engine.errors import BadInput
from engine.runs import RunSpec
from storage.shipped import Shipped
from storage.tables import REVISION


def test_every_claim_is_there_with_every_number() -> None:
    told = system_claims.claims()
    report = read(shipped.REPORT)
    assert [row["name"] for row in told["rows"]] == [claim.name for claim in report.claims]
    for row, claim in zip(told["rows"], report.claims, strict=True):
        if claim.finding is None:
            assert row["verdict"] == "not measured" and row["summary"] == claim.skipped
            continue
        assert len(row["rows"]) == len(claim.finding.rows)
        words = [number["word"] for number in row["rows"]]
        counted = {word: words.count(word) for word in ("reached", "not reached", "stated")}
        for word, count in counted.items():
            assert (f"{count} {word}" in row["verdict"].split(", ")) == (count > 0)
    assert f"At least {report.problems} held-out problems" in told["why"]


def test_models_with_other_weights_than_measured_are_named() -> None:
    here = weights(plan_here("ponder-3m", "ponder-1m", "ponder-8m", is_quick=False))
    assert system_claims.changed(here) == []
    assert system_claims.changed(here | {"ponder-1m": "0" * 16, REWARD: "1" * 16}) == [
        "ponder-1m",
        "ponder-prm-3m",
    ]


def test_its_figures_are_drawn_and_another_is_refused() -> None:
    names = [chart["name"] for row in system_claims.claims()["rows"] for chart in row["charts"]]
    assert len(names) > 10
    figure = json.loads(system_claims.chart(names[0])["figure"])
    assert figure["data"] and figure["layout"]["xaxis"]["title"]["text"]
    with pytest.raises(BadInput, match="no such figure"):
        system_claims.chart("x")


def test_its_runs_open_as_recorded_ones() -> None:
    service = Service(threaded=False, is_saving=False)
    linked = {run["id"]: run for row in system_claims.claims()["rows"] for run in row["runs"]}
    assert len(linked) > 20
    for id, shown in linked.items():
        run = service.get(id)
        assert run.spec.model == shown["model"] and run.is_over
        assert {True: "right", False: "wrong", None: "unknown"}[run.is_correct] == shown["word"]
        head = json.loads(run_feed.feed(service, id, 0))["run"]
        assert head["is_recorded"] and head["id"] == id
    assert not service.is_recorded("01M8K6V7J715XHSMKBS0EBF80X")


def test_the_shipped_database_is_of_this_version() -> None:
    """It is never migrated: after a change of the tables it is to be made anew."""
    with closing(sqlite3.connect(f"{shipped.RUNS.as_uri()}?mode=ro", uri=True)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == (REVISION,)


def test_a_copy_without_measurements_says_how_to_make_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shipped, "REPORT", tmp_path / "none.json")
    told = system_claims.claims.__wrapped__()
    assert told["rows"] == [] and "bench claims --publish" in told["why"]
    with pytest.raises(BadInput):
        system_claims.chart.__wrapped__("coverage")


def test_a_damaged_file_of_runs_hides_no_other_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    damaged = tmp_path / "claims.sqlite"
    damaged.write_text("version https://git-lfs.github.com/spec/v1\n" * 40)
    monkeypatch.setattr(shipped, "runs", lambda: Shipped(damaged))
    service = Service(f"sqlite:///{tmp_path / 'own.db'}", threaded=False)
    run = service.submit(RunSpec("Use 4 5 6 10 to make 24.", "scripted", "direct"))
    while service.step():
        pass
    assert json.loads(run_feed.feed(service, run.id, 0))["run"]["is_recorded"] is False
    assert "There is no run" in json.loads(run_feed.feed(service, "01M8K6V7J715XHSMKBS0EBF80P", 0))["error"]
    rows = system_claims.claims.__wrapped__()["rows"]
    assert rows and not any(row["runs"] for row in rows)
    service.close()


def test_every_lesson_leads_to_a_measured_claim() -> None:
    measured = {row["name"] for row in system_claims.claims()["rows"] if row["rows"]}
    assert {lesson.claim for lesson in lessons().values()} <= measured


def test_the_report_speaks_of_the_claims_that_the_bench_measures() -> None:
    assert {claim.name for claim in read(shipped.REPORT).claims} == set(CLAIMS)
