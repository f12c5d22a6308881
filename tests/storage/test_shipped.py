"""What came with the program is read where it lies: nothing is written, and no other run is known."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from engine.errors import RunNotFound, StorageError
from storage.shipped import Shipped
from storage.shipping import ship
from tests.storage.examples import finished_run


def test_runs_are_read_and_nothing_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "a folder, 100 % ours"
    folder.mkdir()
    runs = [finished_run() for _ in range(3)]
    ship(runs, folder / "runs.sqlite")
    before = (folder / "runs.sqlite").read_bytes()
    (folder / "runs.sqlite").chmod(stat.S_IRUSR)
    shipped = Shipped(folder / "runs.sqlite")
    assert shipped.ids == {run.id for run in runs}
    assert {(run.problem, run.strategy, run.is_correct) for run in shipped.runs} == {
        (run.spec.problem, run.spec.strategy, run.is_correct) for run in runs
    }
    for run in runs:
        assert shipped.load(run.id).record() == run.record()
    assert [path.name for path in folder.iterdir()] == ["runs.sqlite"]
    assert (folder / "runs.sqlite").read_bytes() == before


def test_another_run_or_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    ship([finished_run()], tmp_path / "runs.sqlite")
    with pytest.raises(RunNotFound, match="no run 'other'"):
        Shipped(tmp_path / "runs.sqlite").load("other")
    (tmp_path / "text.sqlite").write_text("This is no database, however long it is." * 40)
    for name in ("text.sqlite", "none.sqlite"):
        with pytest.raises(StorageError, match=name):
            _ = Shipped(tmp_path / name).runs
    assert not (tmp_path / "none.sqlite").exists()
