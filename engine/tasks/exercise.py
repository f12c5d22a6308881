"""What the text of a programming problem asks for: which function, called how, with which examples.

Knows Python's syntax and how such problems are usually written. Does not run anything, and reads what the
problem's author wrote, never what a model did.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from engine import syntax
from engine.sandbox import python_tests
from engine.sandbox.unit_tests import is_about_texts
from engine.tasks.problem import Tests

EXAMPLE = "\n\nFor example"  # what a text without a signature is given, and so ends with
DEFINITION = r"^(?P<indent>[ \t]*)def[ \t]+{}[ \t]*\("
CODE_LINE = re.compile(r"^(?:def |class |from \w[\w.]* import |import \w|@\w|async def )", re.MULTILINE)

_FENCED = re.compile(
    r"^[ \t]*(```+|~~~+)[ \t]*([\w+.-]*)[^\n]*\n(.*?)(?:^[ \t]*\1`*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_PYTHON = ("", "python", "python3", "py")
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


@lru_cache(maxsize=1024)
def read(text: str, tests_json: str) -> Exercise:
    """What a problem of this text and these tests, as JSON, asks for."""
    tests: Tests = json.loads(tests_json)
    asked, has_example, _ = text.partition(EXAMPLE)
    code = code_in(asked)
    begun = signature(code)
    entry = begun[0] if begun else _named(asked, tests)
    if has_example:
        shown: Tests = python_tests.first_assert(tests, entry) if isinstance(tests, str) else tests[:1]
    else:
        shown = "\n".join(_examples(text, entry)) or []
    return Exercise(
        code=code,
        preamble=_preamble(code, begun[1]) if begun else "",
        entry=entry,
        is_spread=_is_spread(code[begun[1] :], tests) if begun else None,
        tests=tests,
        shown=shown,
    )


def code_in(text: str) -> str:
    """The Python in a problem's text: what is fenced, else all of it from the first line that is code."""
    fenced = blocks(text)
    if fenced:
        return "\n".join(fenced)
    first = CODE_LINE.search(text)
    return text[first.start() :] if first else ""


def signature(code: str) -> tuple[str, int] | None:
    """The last function that the code begins, and where; a method counts where nothing else is there."""
    found = list(re.finditer(DEFINITION.format(r"(?P<name>\w+)"), code, re.MULTILINE))
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
        syntax.parse(before)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return ""
    return before


def _is_spread(definition: str, tests: Tests) -> bool | None:
    """Whether an input holds the arguments, by the signature that the problem gives."""
    first = _function(textwrap.dedent(definition))
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


def _function(definition: str) -> ast.FunctionDef | None:
    """The function whose definition the text begins with; its body is left out: it may only be begun."""
    depth = 0
    for at, letter in enumerate(definition):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(letter, 0)
        if letter == ":" and depth == 0:
            try:
                [function] = syntax.parse(f"{definition[:at]}: pass").body
            except (SyntaxError, ValueError, MemoryError, RecursionError):
                return None
            return function if isinstance(function, ast.FunctionDef) else None
    return None


def example(text: str, tests: Tests) -> str:
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
        body = syntax.expression(call)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return isinstance(body, ast.Call) and all(
        _is_literal(ast.unparse(value)) for value in (*body.args, *(word.value for word in body.keywords))
    )


def _is_literal(text: str) -> bool:
    try:
        syntax.literal(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return False
    return True


def blocks(text: str) -> list[str]:
    """The fenced blocks that are Python or do not say what they are."""
    return [found[3] for found in _FENCED.finditer(text) if found[2].lower() in _PYTHON]
