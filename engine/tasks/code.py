r"""Programming problems: a text that asks for a Python program, and tests that decide.

    {"problem": "def add(a, b):\n    \"\"\"The sum.\"\"\"\n", "tests": [[[1, 2], 3], [[-1, 5], 4]]}

Tests are pairs of an input and an output, or Python source: a function check(candidate), or plain asserts. An
input that is a list holds the arguments of a function that takes several; a function of one argument is given
the input as it is. Where no function is named, a program that reads its input and prints will do too. What
the problem's text shows may be told to the model; all the tests decide. A text that begins no function, and
so cannot say how it is called, is given the first test as its example.

Programs run in the sandbox only. No text of a model is parsed here, let alone executed.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Hashable, Sequence
from concurrent.futures import Future
from typing import Any

from engine.errors import BadInput
from engine.sandbox import background, choosing, python_tests
from engine.sandbox.unit_tests import run_tests
from engine.tasks import exercise
from engine.tasks.exercise import Exercise
from engine.tasks.problem import Problem, Tests

name = "code"
title = "Program with tests"

MAX_TESTS = 1_000
MAX_TEST_CHARACTERS = 1_000_000  # of all the pairs as JSON
MAX_PROGRAM_CHARACTERS = 40_000

_ANY_CODE = re.compile(
    r"^[ \t]*(?:(?:def|class|import|from|for|while|if|with|try|print|return)\b|\w+ *=)", re.MULTILINE
)


# ---- problems -------------------------------------------------------------------------------------------


def state(text: str, tests: Any) -> Problem:
    """The problem with these tests, worded so that it can be solved. Raises BadInput in one sentence."""
    checked = check_tests(tests)
    text = text.strip("\n")
    if exercise.signature(exercise.code_in(text)) is None:
        text += exercise.example(text, checked)
    return Problem(text, name, tests=checked)


def check_tests(tests: Any) -> Tests:
    """The tests where they can be run. Raises BadInput, in one sentence."""
    if isinstance(tests, str):
        python_tests.read(tests)
        return tests
    if not isinstance(tests, list):
        raise BadInput('"tests" must be pairs like [[input, output], …], or Python source.')
    if not tests:
        raise BadInput('"tests" is empty: give pairs like [[input, output], …], or Python source.')
    if len(tests) > MAX_TESTS:
        raise BadInput(f'"tests" has {len(tests):,} pairs; at most {MAX_TESTS:,} are run.')
    for number, pair in enumerate(tests, start=1):
        if not isinstance(pair, list) or len(pair) != 2:
            raise BadInput(f'"tests": number {number} is not a pair like [input, output].')
    try:
        size = len(json.dumps(tests))
    except (TypeError, ValueError, RecursionError):
        raise BadInput('"tests" must hold plain values: numbers, texts, lists and objects.') from None
    if size > MAX_TEST_CHARACTERS:
        raise BadInput(f'"tests" has {size:,} characters; at most {MAX_TEST_CHARACTERS:,} are read.')
    return tests


def read(problem: Problem) -> Exercise:
    """What a problem of `state` asks for."""
    return exercise.read(problem.text, json.dumps(problem.tests))


def extract(problem: Problem, said: str) -> str | None:
    """The program in what a model said after its thinking; None if it gives none.

    The last fenced block that defines the function asked for, else the last one; without a block the text
    from its first line of code, or, where that is indented, as what completes the problem's own code.
    """
    asked = read(problem)
    blocks = [block for block in exercise.blocks(said) if block.strip()]
    if blocks:
        defining = [block for block in blocks if asked.entry and _defines(block, asked.entry)]
        program = textwrap.dedent((defining or blocks)[-1])
        if asked.entry and not defining and _is_body(blocks[-1]):
            program = f"{asked.code.rstrip()}\n{blocks[-1]}"
    elif asked.entry and _is_body(said):
        program = f"{asked.code.rstrip()}\n{said.strip(chr(10))}"
    else:
        first = exercise.CODE_LINE.search(said) or _ANY_CODE.search(said)
        program = said[first.start() :] if first else ""
    program = program.strip("\n").rstrip()
    return program if 0 < len(program) <= MAX_PROGRAM_CHARACTERS else None


def _defines(block: str, entry: str) -> bool:
    return re.search(exercise.DEFINITION.format(re.escape(entry)), block, re.MULTILINE) is not None


def _is_body(text: str) -> bool:
    """Whether a text goes on where a signature ended: its first line is indented."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return first.startswith((" ", "\t"))


def is_correct(problem: Problem, answer: str) -> bool:
    """Whether the program passes all tests. Raises ScorerUnavailable where programs are not run."""
    return failure(problem, answer) is None


def fault(problem: Problem, answer: str) -> str | None:
    """The first test that the problem shows and the program fails, in one sentence; None if there is none."""
    return failure(problem, answer, is_shown_only=True)


def shows_tests(problem: Problem) -> bool:
    """Whether the problem's text gives away a test, so that `fault` says more than that a program loads."""
    return bool(read(problem).shown)


def failure(problem: Problem, answer: str, *, is_shown_only: bool = False) -> str | None:
    """The first test that the program fails, in one sentence that quotes it; None if it passes all.

    Runs it, unless the verdict is remembered. Only what is shown may be told to a model.
    """
    return failures(problem, [answer], is_shown_only=is_shown_only)[0]


def failures(problem: Problem, answers: Sequence[str], *, is_shown_only: bool = False) -> list[str | None]:
    """The same for many programs, several of them at a time. From any thread."""
    choosing.level()  # once, before there are many to fail for the same reason
    owner = object()  # this call: it waits to the end
    futures = _ask(problem, answers, is_shown_only, owner)
    try:
        return [future.result() for future in futures]
    except Exception:
        for answer in answers:
            background.forget(_key(problem, answer, is_shown_only))
        raise


def have_run(
    problem: Problem, answers: Sequence[str], owner: Hashable, *, is_shown_only: bool = False
) -> bool:
    """Whether `failures` would answer at once; begins to run what would not, and returns at once itself.

    `background.release(owner)` says that it is not wanted any more.
    """
    futures = _ask(problem, answers, is_shown_only, owner)
    return all(future.done() for future in futures)


def known(problem: Problem, answer: str) -> bool | None:
    """Whether the program passes all tests, as far as that was found out already: nothing is run."""
    future = background.known(_key(problem, answer, False))
    return None if future is None else future.result() is None


def _ask(
    problem: Problem, answers: Sequence[str], is_shown_only: bool, owner: Hashable
) -> list[Future[str | None]]:
    return [
        background.ask(
            _key(problem, answer, is_shown_only),
            lambda answer=answer: _run(problem, answer, is_shown_only),
            owner,
        )
        for answer in answers
    ]


def _key(problem: Problem, answer: str, is_shown_only: bool) -> tuple[str, str, str, bool]:
    return problem.text, json.dumps(problem.tests), answer, is_shown_only


def _run(problem: Problem, answer: str, is_shown_only: bool) -> str | None:
    asked = read(problem)
    return run_tests(
        answer,
        asked.shown if is_shown_only else asked.tests,
        entry=asked.entry,
        prompt=asked.code,
        preamble=asked.preamble,
        is_spread=asked.is_spread,
    ).failure
