"""Programming problems: a text that asks for a Python program, and tests that decide.

    {"problem": "def add(a, b):\n    \"\"\"The sum.\"\"\"\n", "tests": [[[1, 2], 3], [[-1, 5], 4]]}

Tests are pairs of an input and an output, or Python source: a function check(candidate), or plain asserts. An
input that is a list holds the arguments of a function that takes several; a function of one argument is given
the input as it is. Where no function is named and the pairs are texts, a program that reads its input and
prints is meant. What the problem's text shows may be told to the model; all the tests decide. A text that
names no function and so cannot say how it is called is given the first test as its example.

Programs run in the sandbox only. No text of a model is parsed here, let alone executed.
"""

from __future__ import annotations

import ast
import json
import os
import re
import textwrap
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.errors import BadInput
from engine.sandbox import choosing, python_tests
from engine.sandbox.unit_tests import is_about_texts, run_tests
from engine.tasks.problem import Problem, Tests

name = "code"
title = "Program with tests"

MAX_TESTS = 1_000
MAX_TEST_CHARACTERS = 1_000_000  # of all the pairs as JSON
MAX_PROGRAM_CHARACTERS = 40_000
MAX_REMEMBERED = 4096  # verdicts
EXAMPLE = "\n\nFor example"  # what a text without a signature is given, and so ends with

_FENCED = re.compile(
    r"^[ \t]*(```+|~~~+)[ \t]*([\w+.-]*)[^\n]*\n(.*?)(?:^[ \t]*\1`*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_PYTHON = ("", "python", "python3", "py")
_DEFINITION = r"^(?P<indent>[ \t]*)def[ \t]+{}[ \t]*\("
_CODE_LINE = re.compile(r"^(?:def |class |from \w[\w.]* import |import \w|@\w|async def )", re.MULTILINE)
_ANY_CODE = re.compile(
    r"^[ \t]*(?:(?:def|class|import|from|for|while|if|with|try|print|return)\b|\w+ *=)", re.MULTILINE
)
_NAMED = re.compile(r"\b(?:named|called) +[`'\"“]?([A-Za-z_]\w*)|`([A-Za-z_]\w*) *\(")
_ARROW = re.compile(r"\s*(?:==|=>|->|→|➞|➡|#=>|returns?\b|gives\b|should (?:return|be|equal)\b)\s*")
_OF_SEVERAL = re.compile(r"\b(?:list|sequence|iterable|collection|tuple|set|dict)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Exercise:
    """A problem as read.

    `entry` is the function asked for, "" where none is named; `code` what Python the text holds, `preamble`
    the part of it that stands before that function; `is_spread` whether an input holds its arguments, None
    where only the program can tell; `shown` the tests that the text gives away.
    """

    code: str
    preamble: str
    entry: str
    is_spread: bool | None
    tests: Tests
    shown: Tests


# ---- problems --------------------------------------------------------------------------------------------


def state(text: str, tests: Any) -> Problem:
    """The problem with these tests, worded so that it can be solved. Raises BadInput in one sentence."""
    checked = check_tests(tests)
    text = text.strip("\n")
    if _signature(_code(text)) is None:
        text += _example(text, checked)
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
    assert problem.tests is not None
    return _read(problem.text, json.dumps(problem.tests))


@lru_cache(maxsize=1024)
def _read(text: str, tests_json: str) -> Exercise:
    tests: Tests = json.loads(tests_json)
    asked, has_example, _ = text.partition(EXAMPLE)
    code = _code(asked)
    signature = _signature(code)
    entry = signature[0] if signature else _named(asked, tests)
    if has_example:
        shown: Tests = python_tests.first_assert(tests, entry) if isinstance(tests, str) else tests[:1]
    else:
        shown = "\n".join(_examples(text, entry)) or []
    return Exercise(
        code=code,
        preamble=_preamble(code, signature[1]) if signature else "",
        entry=entry,
        is_spread=_is_spread(code[signature[1] :], tests) if signature else None,
        tests=tests,
        shown=shown,
    )


def _code(text: str) -> str:
    """The Python in a problem's text: what is fenced, else all of it from the first line that is code."""
    fenced = [found[3] for found in _FENCED.finditer(text) if found[2].lower() in _PYTHON]
    if fenced:
        return "\n".join(fenced)
    first = _CODE_LINE.search(text)
    return text[first.start() :] if first else ""


def _signature(code: str) -> tuple[str, int] | None:
    """The last function that the code begins, and where; a method counts where nothing else is there."""
    found = list(re.finditer(_DEFINITION.format(r"(?P<name>\w+)"), code, re.MULTILINE))
    outer = [one for one in found if not one["indent"]]
    wanted = outer or [one for one in found if not one["name"].startswith("_")]
    return (wanted[-1]["name"], wanted[-1].start()) if wanted else None


def _named(text: str, tests: Tests) -> str:
    """The function that words name, or the only one that the tests call."""
    found = _NAMED.search(text)
    if found:
        return found[1] or found[2]
    if isinstance(tests, str):
        names = python_tests.read(tests).names
        return names[0] if len(names) == 1 else ""
    return ""


def _preamble(code: str, at: int) -> str:
    """The imports and helpers before the function asked for, where they are Python by themselves."""
    before = code[:at]
    try:
        ast.parse(before)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return ""
    return before


def _is_spread(definition: str, tests: Tests) -> bool | None:
    """Whether an input holds the arguments, by the signature that the problem gives."""
    first = next(_statements(textwrap.dedent(definition)), None)
    if first is None:
        return None
    arguments = [*first.args.posonlyargs, *first.args.args]
    own = [argument for argument in arguments if argument.arg != "self"]
    if len(own) != 1 or first.args.vararg is not None:
        return True
    hint = ast.unparse(own[0].annotation) if own[0].annotation else ""
    are_singles = not isinstance(tests, str) and all(
        isinstance(given, list) and len(given) == 1 for given, _ in tests
    )
    # [[5], 25] for a function of one number: the list can only be that of its arguments.
    return are_singles and not _OF_SEVERAL.search(hint)


def _statements(definition: str) -> Iterator[ast.FunctionDef]:
    """The function whose definition the text begins with; its body is left out: it may only be begun."""
    depth = 0
    for at, letter in enumerate(definition):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(letter, 0)
        if letter == ":" and depth == 0:
            try:
                [function] = ast.parse(f"{definition[:at]}: pass").body
            except (SyntaxError, ValueError, MemoryError, RecursionError):
                return
            if isinstance(function, ast.FunctionDef):
                yield function
            return


def _example(text: str, tests: Tests) -> str:
    """What a text that gives no signature is told: how the program is called, by the first test."""
    if isinstance(tests, str):
        shown = python_tests.first_assert(tests, _named(text, tests))
        return f"{EXAMPLE}:\n{shown}" if shown else ""
    given, expected = tests[0]
    if is_about_texts(tests):
        return f"{EXAMPLE}, the input\n{given.strip()}\ngives\n{expected.strip()}"
    return f"{EXAMPLE}, the input {given!r} gives {expected!r}."


def _examples(text: str, entry: str) -> Iterator[str]:
    """Asserts for the calls whose results a text states: `>>> f(1)` and the next line, or `f(1) == 2`."""
    lines = [line.strip() for line in text.splitlines()]
    for at, line in enumerate(lines):
        call, rest = _call(line.removeprefix(">>>").lstrip(), entry)
        if not call:
            continue
        arrow = _ARROW.match(rest)
        stated = rest[arrow.end() :] if arrow else lines[at + 1] if not rest and at + 1 < len(lines) else ""
        if not arrow and not line.startswith(">>>"):
            continue
        value = stated.split("#")[0].strip().rstrip(".,;")
        if _is_literal(value):
            yield f"assert {call} == {value}"


def _call(line: str, entry: str) -> tuple[str, str]:
    """A line's beginning that calls the function with plain values, and what follows; "" where none does."""
    if not entry or not re.match(rf"{re.escape(entry)} *\(", line):
        return "", ""
    depth = 0
    for at, letter in enumerate(line):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == ")" and depth == 0:
            call = line[: at + 1]
            return (call, line[at + 1 :].strip()) if _is_plain_call(call) else ("", "")
    return "", ""


def _is_plain_call(call: str) -> bool:
    try:
        body = ast.parse(call, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return isinstance(body, ast.Call) and all(
        _is_literal(ast.unparse(value)) for value in (*body.args, *(word.value for word in body.keywords))
    )


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return False
    return True


# ---- answers ---------------------------------------------------------------------------------------------


def extract(problem: Problem, said: str) -> str | None:
    """The program in what a model said after its thinking; None if it gives none.

    The last fenced block that defines the function asked for, else the last one; without a block the text
    from its first line of code, or, where that is indented, as what completes the problem's own code.
    """
    exercise = read(problem)
    blocks = [
        found[3] for found in _FENCED.finditer(said) if found[2].lower() in _PYTHON and found[3].strip()
    ]
    if blocks:
        defining = [block for block in blocks if exercise.entry and _defines(block, exercise.entry)]
        program = textwrap.dedent((defining or blocks)[-1])
        if exercise.entry and not defining and _is_body(blocks[-1]):
            program = f"{exercise.code.rstrip()}\n{blocks[-1]}"
    elif exercise.entry and _is_body(said):
        program = f"{exercise.code.rstrip()}\n{said.strip(chr(10))}"
    else:
        first = _CODE_LINE.search(said) or _ANY_CODE.search(said)
        program = said[first.start() :] if first else ""
    program = program.strip("\n").rstrip()
    return program if 0 < len(program) <= MAX_PROGRAM_CHARACTERS else None


def _defines(block: str, entry: str) -> bool:
    return re.search(_DEFINITION.format(re.escape(entry)), block, re.MULTILINE) is not None


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
    """The same for many programs, some of them at a time. From any thread."""
    keys = [_key(problem, answer, is_shown_only) for answer in answers]
    with _lock:
        found = {key: _verdicts[key] for key in keys if key in _verdicts}
    unknown = {key: answer for key, answer in zip(keys, answers, strict=True) if key not in found}
    if unknown:
        choosing.level()  # once, before there are many to fail for the same reason
        with ThreadPoolExecutor(min(len(unknown), os.cpu_count() or 1)) as pool:
            new = pool.map(lambda answer: _run(problem, answer, is_shown_only), unknown.values())
            found |= zip(unknown, new, strict=True)
    with _lock:
        _verdicts.update(found)
        while len(_verdicts) > MAX_REMEMBERED:
            _verdicts.popitem(last=False)
    return [found[key] for key in keys]


def known(problem: Problem, answer: str) -> bool | None:
    """Whether the program passes all tests, as far as that was found out already: nothing is run."""
    key = _key(problem, answer, False)
    with _lock:
        return _verdicts[key] is None if key in _verdicts else None


Key = tuple[str, str, str, bool]
_verdicts: OrderedDict[Key, str | None] = OrderedDict()
_lock = threading.Lock()


def _key(problem: Problem, answer: str, is_shown_only: bool) -> Key:
    return problem.text, json.dumps(problem.tests), answer, is_shown_only


def _run(problem: Problem, answer: str, is_shown_only: bool) -> str | None:
    exercise = read(problem)
    return run_tests(
        answer,
        exercise.shown if is_shown_only else exercise.tests,
        entry=exercise.entry,
        prompt=exercise.code,
        preamble=exercise.preamble,
        is_spread=exercise.is_spread,
    ).failure
