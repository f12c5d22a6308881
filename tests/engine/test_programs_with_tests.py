"""Runs whose answer is a program: from the spec to the record, with a scripted model that writes programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from engine.backends import scripted
from engine.backends.protocol import EndReason, Generate
from engine.budget import Budget
from engine.errors import BadInput, OutsideFamily, PonderError, ScorerUnavailable
from engine.runs import Run, RunSpec
from engine.sandbox import choosing
from engine.sandbox.limits import Limits
from engine.strategies import STRATEGIES
from engine.tasks import code
from tests.engine.scripted import Facts, make_scheduler, spec

needs_sandbox = pytest.mark.skipif(sys.platform != "linux", reason="programs are confined on Linux only")

PROBLEM = 'def add(a: int, b: int) -> int:\n    """The sum.\n\n    >>> add(1, 2)\n    3\n    """\n'
TESTS = [[[1, 2], 3], [[-1, 5], 4]]
CHECK = "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(-1, 5) == 4\n"
RIGHT = "def add(a, b):\n    return a + b"
WRONG = "def add(a, b):\n    return a * b"
NARROW = "def add(a, b):\n    return 3"


def writing(monkeypatch: pytest.MonkeyPatch, write: Callable[[Generate], str]) -> None:
    """From now on the scripted model says this, a line a token."""

    def script(request: Generate) -> tuple[list[str], EndReason]:
        said = f"</think> Here:\n```python\n{write(request)}\n```\n"
        return [*said.splitlines(keepends=True), ""], "end"

    monkeypatch.setattr(scripted, "script", script)


def run_program(strategy: str, tests: Any = TESTS, **params: Any) -> Run:
    asked = spec(strategy, PROBLEM, **params)
    scheduler = make_scheduler()
    run = scheduler.submit(RunSpec(PROBLEM, asked.model, strategy, asked.params, tests=tests))
    scheduler.run_until_idle()
    return run


@needs_sandbox
@pytest.mark.parametrize("tests", [TESTS, CHECK], ids=["pairs", "check"])
def test_the_tests_decide_whether_the_answer_is_right(monkeypatch: pytest.MonkeyPatch, tests: Any) -> None:
    for program, is_correct in ((RIGHT, True), (WRONG, False), (NARROW, False)):
        writing(monkeypatch, lambda request, program=program: program)
        done = run_program("chain_of_thought", tests)
        assert (done.status, done.answer, done.is_correct) == ("finished", program, is_correct)
        record = json.loads(json.dumps(done.record()))
        assert (record["task"], record["tests"], record["problem"]) == ("code", tests, PROBLEM)
        assert record["environment"]["sandbox"] == choosing.choice().name


@needs_sandbox
def test_every_strategy_runs_on_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    writing(monkeypatch, lambda request: RIGHT if request.node.id % 2 else WRONG)
    for strategy in STRATEGIES:
        done = run_program(strategy)
        assert done.status == "finished", (strategy, done.status_reason)


@needs_sandbox
def test_the_verifier_finds_the_program_that_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    writing(monkeypatch, lambda request: RIGHT if request.node.id == 5 else WRONG)
    done = run_program("best_of_n", n=8, scorer="verifier")
    assert done.is_correct is True
    assert [node.scores["verifier"] for node in done.tree.nodes[1:]].count(1.0) == 1


@needs_sandbox
def test_repair_is_told_of_the_shown_test_and_stops_where_it_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    writing(monkeypatch, lambda request: RIGHT if request.node.kind == "revision" else WRONG)
    done = run_program("repair", width=1)
    [finding] = [node for node in done.tree.nodes if node.kind == "execution"][:1]
    assert finding.text == "add(1, 2) gave 2. The test: assert add(1, 2) == 3"
    revision = next(node for node in done.tree.nodes if node.kind == "revision")
    assert finding.text in revision.instruction
    assert "boxed" not in revision.instruction
    assert done.is_correct is True


@needs_sandbox
def test_repair_is_told_nothing_of_hidden_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    writing(monkeypatch, lambda request: NARROW)
    done = run_program("repair", width=2)
    assert done.is_correct is False
    assert not [node for node in done.tree.nodes if "-1" in node.text]


def submit(run_spec: RunSpec, source: str = "scripted") -> Run:
    scheduler = make_scheduler()
    scheduler._check_model = lambda model: Facts(source=source)
    return scheduler.submit(run_spec)


@pytest.mark.parametrize(
    ("changes", "source", "error", "words"),
    [
        ({"tests": []}, "scripted", BadInput, "is empty"),
        ({"tests": "assert add(1"}, "scripted", BadInput, "The tests are not Python: line 1"),
        ({"tests": TESTS, "task": "countdown"}, "scripted", BadInput, "has a checker of its own"),
        ({"task": "code"}, "scripted", BadInput, "needs"),
        ({"tests": TESTS, "problem": " "}, "scripted", BadInput, "The problem is empty"),
        ({"tests": TESTS, "task": "chess"}, "scripted", BadInput, "chess"),
        ({"tests": TESTS}, "bundled", OutsideFamily, "write no programs in Python: choose another model"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(
    changes: dict[str, Any], source: str, error: type[PonderError], words: str
) -> None:
    with pytest.raises(error) as caught:
        submit(replace(RunSpec(PROBLEM, "scripted", "direct"), **changes), source)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_a_sandbox_nothing_is_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_found", choosing.Choice(None, ("This kernel has no Landlock.",)))
    with pytest.raises(ScorerUnavailable, match="Programs cannot be run safely on this machine"):
        submit(RunSpec(PROBLEM, "scripted", "direct", tests=TESTS))


@needs_sandbox
def test_a_sandbox_that_fails_later_fails_the_run_as_data(monkeypatch: pytest.MonkeyPatch) -> None:
    writing(monkeypatch, lambda request: "def add(a, b):\n    return b + a + 0")
    monkeypatch.setattr("engine.sandbox.starting.CHILD", "/no/such/file.py")
    monkeypatch.setattr("engine.sandbox.bubblewrap.CODE", "/no/such")
    done = run_program("chain_of_thought")
    assert (done.status, done.is_correct) == ("failed", None)
    assert "The sandbox failed" in done.status_reason


def test_hidden_tests_of_one_s_own_decide_on_list_programs() -> None:
    puzzle = "Find the program.\n[3, 1, 2] -> [1, 2, 3]\n[5, 4, 9, 1] -> [1, 4, 5, 9]\n[8, 2, 7] -> [2, 7, 8]"
    for expected, is_correct in (([2, 4, 6], True), ([2, 2, 2], False)):
        scheduler = make_scheduler()
        asked = RunSpec(puzzle, "scripted", "direct", tests=[[[6, 4, 2], expected]], seed=3)
        run = scheduler.submit(asked)
        scheduler.run_until_idle()
        if run.answer == "xs = sorted(xs)":
            assert run.is_correct is is_correct
        assert run.spec.task == "programs"
    with pytest.raises(BadInput, match="must be pairs of lists"):
        make_scheduler().submit(RunSpec(puzzle, "scripted", "direct", tests=[["a", "b"]]))


SLOW = "def add(a, b):\n    while True:\n        pass  # {}"


@needs_sandbox
def test_no_run_waits_for_another_s_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    short = Limits(cpu_seconds=1, wall_seconds=3)
    monkeypatch.setattr(code, "run_tests", partial(code.run_tests, limits=short))
    writing(monkeypatch, lambda request: SLOW.format(request.node.id))
    scheduler = make_scheduler()
    slow = scheduler.submit(RunSpec(PROBLEM, "scripted", "best_of_n", {"scorer": "verifier"}, tests=TESTS))
    while scheduler.step() and not (slow.tree.nodes[1:] and scheduler._active[0].waits_since):
        pass
    quick = scheduler.submit(spec("direct", "Compute 3 + 4."))
    while not quick.is_over:
        scheduler.step()
    assert not slow.is_over
    scheduler.cancel(slow.id)
    scheduler.step()
    assert slow.status == "cancelled"


@needs_sandbox
def test_waiting_for_programs_counts_against_a_budget_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    long = Limits(cpu_seconds=3, wall_seconds=4)
    monkeypatch.setattr(code, "run_tests", partial(code.run_tests, limits=long))
    for strategy, params in (("repair", {"width": 1}), ("best_of_n", {"n": 1, "scorer": "verifier"})):
        writing(monkeypatch, lambda request, strategy=strategy: SLOW.format(strategy))
        scheduler = make_scheduler()
        asked = RunSpec(PROBLEM, "scripted", strategy, params, tests=TESTS, budget=Budget(max_seconds=0.5))
        run = scheduler.submit(asked)
        scheduler.run_until_idle()
        assert run.status == "partial", run.status_reason
        assert run.is_correct is False
        assert 0.4 < run.usage.seconds < long.cpu_seconds
        assert run.usage.executing_seconds < long.cpu_seconds
