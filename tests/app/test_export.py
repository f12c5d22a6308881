"""`export`: a stored run as a file, and what is wrong in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.command_line import main
from app.exchange import FORMATS, reading

PUZZLE = "Use 3 5 7 9 to make 24."


@pytest.fixture
def stored(capsys: pytest.CaptureFixture[str]) -> dict:
    assert main(["run", PUZZLE, "--model", "scripted", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_format_is_written(stored: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, form in FORMATS.items():
        file = tmp_path / f"run{form.suffix}"
        assert main(["export", stored["id"], "--format", name, "--output", str(file)]) == 0
        [again] = reading.read(file.read_bytes())
        assert json.loads(json.dumps(again.record())) == stored
    assert "Saved as" in capsys.readouterr().err


def test_without_a_file_it_is_printed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["run", PUZZLE, "--model", "scripted", "--json"]) == 0
    made = json.loads(capfdbinary.readouterr().out)
    assert main(["export", made["id"], "--format", "jsonl"]) == 0
    [again] = reading.read(capfdbinary.readouterr().out)
    assert again.id == made["id"]


def test_what_is_wrong_gets_one_line(
    stored: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, words in [
        (["nobody"], "There is no run"),
        ([stored["id"], "--format", "xml"], "There is no format “xml”"),
        ([stored["id"], "--output", str(tmp_path)], "cannot be written"),
    ]:
        assert main(["export", *arguments]) == 2
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1
