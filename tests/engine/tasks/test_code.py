"""Problems with tests: read, put to a model, its program found, run, judged; what it hears of a failure."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from engine import answers, checks, prompts
from engine.backends.scripted import PROFILE
from engine.errors import BadInput, ScorerUnavailable
from engine.models import profiles
from engine.sandbox import choosing
from engine.tasks import code
from engine.tasks.problem import Problem
from engine.tree import Tree

needs_sandbox = pytest.mark.skipif(sys.platform != "linux", reason="programs are confined on Linux only")

LINES = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data" / "code" / "problems.jsonl").read_text().splitlines()
]
every_problem = pytest.mark.parametrize("line", LINES, ids=lambda line: line["id"])

SIGNATURE = (
    "from typing import List\n\n\n"
    'def add(a: int, b: int) -> int:\n    """The sum.\n\n    >>> add(1, 2)\n    3\n    """\n'
)
PAIRS = [[[1, 2], 3], [[-1, 5], 4]]


def whole(line: dict[str, Any], solution: str) -> str:
    """The program as a model would write it: with the signature, where the problem gives one."""
    return line["problem"] + solution if line["problem"].lstrip().startswith(("def", "from")) else solution


# ---- the sample ------------------------------------------------------------------------------------------


@needs_sandbox
@every_problem
def test_tests_decide(line: dict[str, Any]) -> None:
    problem = code.state(line["problem"], line["tests"])
    right, wrong = whole(line, line["solution"]), whole(line, line["wrong"])
    assert code.failures(problem, [right, wrong])[0] is None
    assert answers.is_correct(problem, right) is True
    assert answers.is_correct(problem, wrong) is False
    assert answers.is_correct(problem, None) is False
    failure = code.failure(problem, wrong)
    assert failure is not None
    assert failure.isprintable()
    assert len(failure) <= 500


@needs_sandbox
@every_problem
@pytest.mark.parametrize("form", ["block", "thought", "several", "tilde", "open", "body"])
def test_a_program_is_found_in_what_a_model_says(line: dict[str, Any], form: str) -> None:
    problem = code.state(line["problem"], line["tests"])
    program = whole(line, line["solution"])
    said = {
        "block": f"Here it is:\n\n```python\n{program}```\nIt works.",
        "thought": f"<think>\n```python\nprint(1)\n```\n</think>\n\n```py\n{program}\n```",
        "several": f"```\n{whole(line, line['wrong'])}```\nNo:\n```python\n{program}```\n```text\n[1]\n```",
        "tilde": f"~~~\n{program}~~~",
        "open": f"```python\n{program}",
        "body": line["solution"],
    }[form]
    found = answers.extract(problem, said, profiles.QWEN3)
    assert found is not None
    assert code.is_correct(problem, found)


def test_the_block_that_defines_the_function_counts_not_the_one_that_uses_it() -> None:
    problem = code.state(SIGNATURE, PAIRS)
    said = "```python\ndef add(a, b):\n    return a + b\n```\nUse it:\n```python\nprint(add(1, 2))\n```"
    assert code.extract(problem, said) == "def add(a, b):\n    return a + b"
    assert code.extract(problem, "I cannot do that.") is None
    assert code.extract(problem, "") is None
    assert code.extract(problem, "```python\n```") is None
    assert code.extract(problem, f"```python\nx = '{'a' * 50_000}'\n```") is None
    indented = "Sure:\n  ```python\n  def add(a, b):\n      return a + b\n  ```"
    assert code.extract(problem, indented) == "def add(a, b):\n    return a + b"
    assert code.extract(problem, "def add(a, b): return a + b\n") == "def add(a, b): return a + b"


# ---- what a problem says ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tests", "entry", "is_spread"),
    [
        (SIGNATURE, PAIRS, "add", True),
        ("def f(xs: list[int]) -> int:\n    ...\n", [[[1], 1], [[2], 2]], "f", False),
        ("def f(x: int) -> int:\n    ...\n", [[[1], 1], [[2], 4]], "f", True),  # else a list would be squared
        ("def f(x):\n    ...\n", [[[1, 2], 1]], "f", False),
        ("def f(*xs):\n    ...\n", [[[1, 2], 1]], "f", True),
        ("class Solution:\n    def f(self, x: str) -> str:\n        pass\n", [["a", "b"]], "f", False),
        ("def g(x):\n    return x\n\n\ndef f(a, b=(1, 2)):\n    pass\n", [[[1], 1]], "f", True),
        ("Write this:\n```python\ndef f(a, b):\n    pass\n```\nBe quick.", PAIRS, "f", True),
        ("Write a function named `add` that adds two numbers.", PAIRS, "add", None),
        ("Write `add(a, b)`.", PAIRS, "add", None),
        ("Write a function that adds two numbers.", PAIRS, "", None),
        ("Write a function to add.", "assert plus(1, 2) == 3", "plus", None),
    ],
)
def test_the_function_asked_for(text: str, tests: Any, entry: str, is_spread: bool | None) -> None:
    read = code.read(code.state(text, tests))
    assert (read.entry, read.is_spread) == (entry, is_spread)


def test_what_the_text_shows_is_apart_from_what_decides() -> None:
    read = code.read(code.state(SIGNATURE, PAIRS))
    assert (read.shown, read.tests) == ("assert add(1, 2) == 3", PAIRS)
    arrows = (
        'def f(x):\n    """Double.\n    f(1) == 2\n    f([1]) ➞ [1, 1]. f(0)\n    f(x) == 2 * x\n    """\n'
    )
    assert code.read(code.state(arrows, PAIRS)).shown == "assert f(1) == 2"
    assert code.read(code.state("def f(x):\n    pass\n", PAIRS)).shown == []


def test_a_text_that_cannot_say_how_it_is_called_is_given_an_example() -> None:
    assert code.state(SIGNATURE, PAIRS).text == SIGNATURE.strip("\n")
    stated = code.state("Add two numbers.", PAIRS)
    assert stated.text == "Add two numbers.\n\nFor example, the input [1, 2] gives 3."
    assert code.read(stated).shown == PAIRS[:1]
    printed = code.state("Add two numbers.", [["1 2\n", "3\n"], ["4 5\n", "9\n"]])
    assert printed.text.endswith("For example, the input\n1 2\ngives\n3")
    asserted = code.state("Add two numbers.", "assert add(1, 2) == 3\nassert add(0, 0) == 0")
    assert asserted.text.endswith("For example:\nassert add(1, 2) == 3")
    assert code.read(asserted).shown == "assert add(1, 2) == 3"


def test_the_model_is_asked_for_a_program() -> None:
    asked = prompts.question("Add.", profiles.QWEN3, is_program=True)
    assert "```python" in asked
    assert "boxed" not in asked
    for key in ("rewrite", "repair"):
        words = prompts.instruction(key, profiles.QWEN3, "add(1, 2) gave 4.", is_program=True)
        assert "```python" in words
        assert "boxed" not in words
        assert "{finding}" not in words
    assert "add(1, 2) gave 4." in prompts.instruction(
        "repair", profiles.QWEN3, "add(1, 2) gave 4.", is_program=True
    )


# ---- what a model hears ----------------------------------------------------------------------------------


@needs_sandbox
def test_a_check_tells_of_shown_tests_only() -> None:
    problem = code.state(SIGNATURE, [[[1, 2], 3], [[40, 2], 42]])
    found = check(problem, "def add(a, b):\n    return 4\n")
    assert found == checks.Finding(False, "add(1, 2) gave 4. The test: assert add(1, 2) == 3")
    only_shown = check(problem, "def add(a, b):\n    return 3\n")
    assert only_shown == checks.Finding(True, "It passes the tests that the problem shows.")
    assert not code.is_correct(problem, "def add(a, b):\n    return 3\n")
    assert check(problem, None) == checks.Finding(False, "It gives no program.")


@needs_sandbox
def test_where_nothing_is_shown_only_a_program_that_does_not_load_fails() -> None:
    problem = code.state("def f(x):\n    pass\n", [[1, 424242]])
    assert check(problem, "def f(x):\n    return 0\n").is_passed is None
    broken = check(problem, "def f(x:\n")
    assert broken.is_passed is False
    assert "SyntaxError" in broken.message
    assert "424242" not in broken.message


def check(problem: Problem, program: str | None) -> checks.Finding:
    tree = Tree(problem.text, problem)
    node = tree.add(tree.root)
    tree.finish(node, text="…", is_final=True, answer=program)
    return checks.Rules().check([node], PROFILE)[0]


@needs_sandbox
def test_a_verdict_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = code.state(SIGNATURE, PAIRS)
    program = "def add(a, b):\n    return b + a  # remembered\n"
    assert code.known(problem, program) is None
    assert code.failures(problem, [program, program, "def add(a, b): return 0"])[:2] == [None, None]
    monkeypatch.setattr(code, "run_tests", None)
    assert code.is_correct(problem, program)
    assert code.known(problem, program) is True
    assert code.known(problem, "def add(a, b): return 0") is False


# ---- what cannot be used ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        ([], "is empty"),
        ({}, "must be pairs"),
        (3, "must be pairs"),
        ([1], "number 1 is not a pair"),
        ([[1, 2], [1]], "number 2 is not a pair"),
        ([["x", "y", "z"]], "number 1 is not a pair"),
        ([[1, 2]] * 2000, "2,000 pairs; at most 1,000"),
        ([["x" * 2_000_000, 1]], "at most 1,000,000 are read"),
        ("assert add(1", "The tests are not Python: line 1"),
        ("x = 1", "The tests check nothing"),
        ("import numpy\nassert numpy", "The tests import numpy"),
    ],
)
def test_tests_that_cannot_be_run_are_refused_in_a_sentence(tests: Any, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        code.state(SIGNATURE, tests)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_a_sandbox_there_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_found", choosing.Choice(None, ("This kernel has no Landlock.",)))
    with pytest.raises(ScorerUnavailable, match="Programs cannot be run safely on this machine"):
        code.is_correct(code.state(SIGNATURE, PAIRS), "def add(a, b):\n    return a + b  # not run\n")
