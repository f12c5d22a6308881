"""Ctrl-C and kill -9 on the real program, with a slow scripted model."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from storage.store import Store

ROOT = Path(__file__).parents[2]
PUZZLE = "Use 3 5 7 9 to make 24."


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.app.slow_command", "run", "--model", "scripted", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def problems(tmp_path: Path) -> str:
    """One problem that is over soon, and one with many more steps."""
    file = tmp_path / "problems.jsonl"
    long = "Compute 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9."
    file.write_text("".join(json.dumps({"problem": problem}) + "\n" for problem in (PUZZLE, long)))
    return str(file)


def test_an_interrupt_saves_and_prints_what_there_is(problems: str) -> None:
    with start("--file", problems) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest = [json.loads(line) for line in process.stdout]
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert process.returncode == 3
    assert first["status"] == "finished"
    assert [record["status"] for record in rest] == ["interrupted"]
    assert all(node["status"] != "growing" for node in rest[0]["nodes"])
    store = Store()
    for record in (first, *rest):
        assert json.loads(json.dumps(store.load(record["id"]).record())) == record
    store.close()


def test_kill_9_keeps_what_was_printed_and_marks_the_rest(problems: str, data_folder: Path) -> None:
    with start("--file", problems) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.kill()
    with closing(sqlite3.connect(data_folder / "ponder.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    store = Store()
    assert store.mark_interrupted() == 1
    assert json.loads(json.dumps(store.load(first["id"]).record())) == first
    [other] = store.runs(filters={"status": "interrupted"})
    run = store.load(other.id)
    assert len(run.tree.nodes) == other.node_count >= 2
    assert run.usage.generated_tokens == sum(node.tokens for node in run.tree.nodes) > 0
    store.close()
