"""The commands as a person types them: records, saved runs, exit codes, one line for what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.command_line import main
from engine.backends import scripted
from engine.backends.protocol import Chunk
from engine.strategies import STRATEGIES
from storage.store import Store

PUZZLE = "Use 3 5 7 9 to make 24."
RECORD = {
    "id", "problem", "task", "expected", "answer", "is_correct", "status", "status_reason", "model",
    "strategy", "params", "seed", "budget", "usage", "nodes", "environment", "created_at",
}  # fmt: skip
USAGE = {
    "prompt_tokens", "generated_tokens", "discarded_tokens", "scorer_tokens", "flops", "seconds",
    "first_token_seconds", "usd",
}  # fmt: skip
NODE = {
    "id", "parent", "kind", "text", "tokens", "logprob", "scores", "status", "reason", "created_s",
    "finished_s",
}  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["run", "--model", "scripted", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def record(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code, out, err = run(capsys, *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def write_lines(path: Path, lines: list[Any]) -> str:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return str(path)


# ---- one run ---------------------------------------------------------------------------------------------


def test_run_prints_the_record_that_scripts_depend_on(capsys: pytest.CaptureFixture[str]) -> None:
    found = record(capsys, PUZZLE, "--strategy", "best_of_n", "--scorer", "verifier", "--max-tokens", "200")
    assert found.keys() >= RECORD
    assert found["usage"].keys() >= USAGE
    assert all(node.keys() >= NODE for node in found["nodes"])
    assert found["problem"] == PUZZLE
    assert (found["task"], found["model"], found["strategy"]) == ("countdown", "scripted", "best_of_n")
    assert found["params"]["scorer"] == "verifier"
    assert found["budget"] == {"max_tokens": 200, "max_seconds": None, "max_flops": None, "max_usd": None}
    assert found["usage"]["generated_tokens"] == sum(node["tokens"] for node in found["nodes"]) <= 200
    assert [node["parent"] for node in found["nodes"]].count(None) == 1


def test_the_same_seed_gives_the_same_tree(capsys: pytest.CaptureFixture[str]) -> None:
    def tree(seed: int) -> list[tuple[str, int, str]]:
        found = record(capsys, PUZZLE, "--strategy", "self_consistency", "--set", "n=4", "--seed", str(seed))
        return [(node["text"], node["tokens"], node["status"]) for node in found["nodes"]]

    assert tree(1) == tree(1) != tree(2)


def test_a_run_is_saved_unless_told_not_to(capsys: pytest.CaptureFixture[str], data_folder: Path) -> None:
    record(capsys, PUZZLE, "--no-save")
    assert not data_folder.exists()
    saved = record(capsys, PUZZLE)
    store = Store()
    assert json.loads(json.dumps(store.load(saved["id"]).record())) == saved
    store.close()


def test_without_json_a_person_reads_the_answer_and_the_cost(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, PUZZLE)
    assert (code, err) == (0, "")
    assert "tokens ·" in out
    assert any(sign in out for sign in "✓✗")
    assert PUZZLE in out


def test_expected_decides_for_free_text(capsys: pytest.CaptureFixture[str]) -> None:
    found = record(capsys, "Tell me a number.", "--expected", "one million")
    assert (found["task"], found["expected"], found["is_correct"]) == (None, "one million", False)


# ---- a file of problems ----------------------------------------------------------------------------------


def test_a_file_gives_one_record_a_line_in_its_order(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = [
        {"problem": PUZZLE, "task": "countdown"},
        "",
        {"problem": "Compute 3 + 4.", "expected": 7, "id": "x"},
    ]
    code, out, err = run(capsys, "--file", write_lines(tmp_path / "problems.jsonl", lines))
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [found["problem"] for found in records] == [PUZZLE, "Compute 3 + 4."]
    assert [found["task"] for found in records] == ["countdown", "arithmetic"]
    assert "2/2" in err
    assert "problem/s" in err
    store = Store()
    assert store.count() == 2
    store.close()


def test_a_file_is_run_in_one_batch(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At some decode step every one of the runs has a row."""
    rows: list[int] = []
    step = scripted.ScriptedBackend.step

    def counted(backend: scripted.ScriptedBackend) -> list[Chunk]:
        chunks = step(backend)
        rows.append(len(chunks))
        return chunks

    monkeypatch.setattr(scripted.ScriptedBackend, "step", counted)
    run(capsys, "--file", write_lines(tmp_path / "problems.jsonl", [{"problem": PUZZLE}] * 8))
    assert max(rows) == 8


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([{"problem": PUZZLE}, "{"], "line 2: not a JSON object"),
        ([{"problem": PUZZLE}, "", ["no"]], 'line 3: a JSON object with a text "problem"'),
        ([{"question": PUZZLE}], "line 1: a JSON object"),
        ([{"problem": ""}], "line 1: The problem is empty"),
        ([{"problem": PUZZLE, "task": "chess"}], "line 1: There is no task family"),
        ([{"problem": PUZZLE, "task": 3}], 'line 1: "task"'),
        ([{"problem": PUZZLE, "expected": []}], 'line 1: "expected"'),
        ([{"problem": PUZZLE, "tests": []}], 'line 1: "tests" is empty'),
        ([{"problem": "Add.", "tests": [[1]]}], 'line 1: "tests": number 1 is not a pair'),
        ([{"problem": "Add.", "tests": "assert add(1"}], "line 1: The tests are not Python: line 1"),
        ([{"problem": PUZZLE, "task": "countdown", "tests": [[1, 2]]}], "has a checker of its own"),
        ([{"problem": "Add.", "task": "code"}], 'line 1: The task “code” needs "tests"'),
        ([{"problem": "Use 3 \ud800 to make 4."}], "line 1: The problem contains broken characters"),
        ([], "has no problems"),
    ],
)
def test_a_bad_line_is_named_before_anything_starts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lines: list[Any], words: str
) -> None:
    code, out, err = run(capsys, "--file", write_lines(tmp_path / "problems.jsonl", lines))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert words in err
    store = Store()
    assert store.count() == 0
    store.close()


@pytest.mark.skipif(sys.platform != "linux", reason="programs are confined on Linux only")
def test_problems_with_tests_are_run_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """The scripted model writes no programs: every answer is wrong."""
    sample = Path(__file__).parents[1] / "data" / "code" / "problems.jsonl"
    code, out, _ = run(capsys, "--file", str(sample))
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [found["is_correct"] for found in records] == [False] * 8
    assert all(found["task"] == "code" and found["environment"]["sandbox"] != "none" for found in records)
    lines = [json.loads(line) for line in sample.read_text().splitlines()]
    assert [found["tests"] for found in records] == [line["tests"] for line in lines]
    store = Store()
    assert [json.loads(json.dumps(store.load(found["id"]).record())) for found in records] == records
    store.close()


def test_the_bundled_models_are_not_asked_for_programs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = write_lines(tmp_path / "problems.jsonl", [{"problem": "def f(x):\n", "tests": [[1, 2]]}])
    assert main(["run", "--file", file]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "line 1: The bundled models write no programs in Python" in captured.err


# ---- what is wrong ---------------------------------------------------------------------------------------

BAD = {
    "nothing to do": (["run"], "Give one PROBLEM, or --file"),
    "two problems": (["run", PUZZLE, "--file", "x.jsonl"], "Give one PROBLEM, or --file"),
    "empty problem": (["run", ""], "The problem is empty"),
    "blank problem": (["run", " \n"], "The problem is empty"),
    "outside the families": (["run", "What is the capital of France?"], "know these kinds of problem only"),
    "broken characters": (["run", "Use \ud800 to"], "broken characters"),
    "unknown model": (["run", PUZZLE, "--model", "no-such-model"], "no-such-model"),
    "unknown strategy": (["run", PUZZLE, "--strategy", "magic"], "There is no strategy “magic”"),
    "unknown parameter": (["run", PUZZLE, "--set", "n=3"], "has no parameter “n”"),
    "no value": (["run", PUZZLE, "--set", "n"], "NAME=VALUE"),
    "n = 0": (["run", PUZZLE, "--strategy", "best_of_n", "--set", "n=0"], "from 1 to 256"),
    "n = 10^9": (["run", PUZZLE, "--strategy", "best_of_n", "--set", "n=1000000000"], "from 1 to 256"),
    "n is a word": (["run", PUZZLE, "--strategy", "best_of_n", "--set", "n=many"], "from 1 to 256, not many"),
    "unknown scorer": (["run", PUZZLE, "--strategy", "best_of_n", "--scorer", "taste"], "must be one of"),
    "negative budget": (["run", PUZZLE, "--max-tokens", "-5"], "must be more than 0, not -5"),
    "no budget": (["run", PUZZLE, "--max-seconds", "0"], "must be more than 0"),
    "endless budget": (["run", PUZZLE, "--max-usd", "nan"], "must be a number"),
    "budget in words": (["run", PUZZLE, "--max-tokens", "lots"], "invalid int value: 'lots'"),
    "negative seed": (["run", PUZZLE, "--seed", "-1"], "seed must be a whole number"),
    "huge seed": (["run", PUZZLE, "--seed", str(10**30)], "seed must be a whole number"),
    "unknown family": (["run", PUZZLE, "--task", "chess"], "There is no task family “chess”"),
    "missing file": (["run", "--file", "missing.jsonl"], "missing.jsonl cannot be read: No such file"),
    "a folder as file": (["run", "--file", "/"], "cannot be read: Is a directory"),
    "no text": (["run", "--file", sys.executable], "is not UTF-8 text"),
    "unknown command": (["fly"], "invalid choice: 'fly'"),
    "unknown option": (["--fly"], "Unrecognized arguments: --fly"),
    "nothing to train": (["train", "gpt-5"], "There is no bundled model “gpt-5” to train"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str], name: str) -> None:
    arguments, words = BAD[name]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert words in captured.err
    assert "Traceback" not in captured.err


def test_a_folder_that_is_no_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a model")
    assert main(["run", PUZZLE, "--model", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert str(tmp_path) in captured.err


def test_bad_input_in_a_process_of_its_own() -> None:
    """What libraries print by themselves would show here."""
    command = [sys.executable, "app.py", "run", "What is the capital of France?"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("The bundled models know these kinds of problem only")


def test_a_file_that_is_no_database_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], data_folder: Path
) -> None:
    data_folder.mkdir()
    (data_folder / "ponder.db").write_text("not a database at all")
    code, out, err = run(capsys, PUZZLE)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "not a sound SQLite database" in err


# ---- the other commands ----------------------------------------------------------------------------------


def test_strategies_lists_the_registry(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategies", "--json"]) == 0
    found = {strategy["name"]: strategy for strategy in json.loads(capsys.readouterr().out)}
    assert found.keys() == STRATEGIES.keys()
    rollouts = next(knob for knob in found["mcts"]["parameters"] if knob["name"] == "rollouts")
    assert (rollouts["type"], rollouts["default"], rollouts["minimum"]) == ("int", 64, 1)
    assert rollouts["meaning"]
    assert all(strategy["title"] and strategy["source"] for strategy in found.values())
    assert main(["strategies"]) == 0
    assert "--set rollouts=64" in capsys.readouterr().out


def test_doctor_says_what_works(capsys: pytest.CaptureFixture[str], data_folder: Path) -> None:
    assert main(["doctor", "--json"]) == 0
    found = {check["part"]: check for check in json.loads(capsys.readouterr().out)}
    assert {
        "Python",
        "Device",
        "Memory",
        "Ponder 3M",
        "Comparing answers",
        "Programs",
        "History",
    } <= found.keys()
    assert all(check["found"] and check["verdict"] in ("works", "limited") for check in found.values())
    assert str(data_folder) in found["History"]["found"]
    assert main(["doctor"]) == 0
    assert "✓" in capsys.readouterr().out


def test_without_a_sandbox_only_this_machine_is_served(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PONDER_UNSAFE_PROGRAMS", "run-without-a-sandbox")
    assert main(["serve", "--host", "0.0.0.0"]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "serves this machine only" in captured.err


def test_doctor_fails_where_history_cannot_be_opened(
    capsys: pytest.CaptureFixture[str], data_folder: Path
) -> None:
    data_folder.mkdir()
    (data_folder / "ponder.db").write_text("not a database at all")
    assert main(["doctor", "--json"]) == 2
    found = {check["part"]: check for check in json.loads(capsys.readouterr().out)}
    assert found["History"]["verdict"] == "fails"
    assert "not a sound SQLite database" in found["History"]["found"]


def test_models_says_what_can_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    found = {model["name"]: model for model in json.loads(capsys.readouterr().out)}
    assert found["ponder-3m"]["source"] == "bundled"
    assert all(model["is_usable"] or model["why_not"] for model in found.values())
    assert main(["models"]) == 0
    assert "ponder-3m" in capsys.readouterr().out
