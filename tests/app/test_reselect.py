"""`reselect` as a person types it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.command_line import main
from storage.store import Store

PUZZLE = "Use 4 5 6 10 to make 24."


def stored(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["run", PUZZLE, "--model", "scripted", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def reselect(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["reselect", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("rule", ["best", "weighted", "majority"])
def test_another_rule_chooses_as_a_run_with_it_does(capsys: pytest.CaptureFixture[str], rule: str) -> None:
    run = stored(capsys, "--strategy", "best_of_n")
    other = stored(capsys, "--strategy", "best_of_n", "--set", f"select={rule}", "--set", "aggregate=min")
    code, out, err = reselect(capsys, run["id"], "--select", rule, "--aggregate", "min", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["run"], found["select"], found["aggregate"]) == (run["id"], rule, "min")
    assert (found["answer"], found["answer_node"]) == (other["answer"], other["answer_node"])
    assert found["was"]["answer"] == run["answer"]
    assert found["scorer"] == "process_reward"
    assert len(found["candidates"]) == 16


def test_the_stored_run_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    run = stored(capsys, "--strategy", "best_of_n")
    reselect(capsys, run["id"], "--select", "majority")
    store = Store()
    assert json.loads(json.dumps(store.load(run["id"]).record())) == run
    store.close()


def test_for_a_person_the_answers_stand_with_their_votes(capsys: pytest.CaptureFixture[str]) -> None:
    run = stored(capsys, "--strategy", "best_of_n")
    code, out, _ = reselect(capsys, run["id"], "--select", "majority")
    assert code == 0
    assert "votes" in out
    assert "finished candidates gave this answer" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-run"], "no run"),
        (["{run}", "--select", "worst"], "select must be one of"),
        (["{run}", "--scorer", "taste"], "has a score by 'taste'"),
        ([], "RUN"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    run = stored(capsys, "--strategy", "best_of_n")
    code, out, err = reselect(capsys, *(one.replace("{run}", run["id"]) for one in arguments))
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
