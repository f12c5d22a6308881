"""Tests written in Python, read but not run: what they call, what they need, and which statement is where.

Two forms: a function `check(candidate)`, as HumanEval has it, and plain `assert` statements, as MBPP has
them; functions named test_… are called too. Knows syntax only.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from engine import syntax
from engine.errors import BadInput

MAX_CHARACTERS = 500_000
CHECK, CANDIDATE = "check", "candidate"


@dataclass(frozen=True, slots=True)
class PythonTests:
    """`functions` are called in turn, with the candidate where they take an argument. `names` are used and
    defined nowhere in the tests: the program's functions, or the problem's."""

    source: str
    functions: tuple[str, ...]
    names: tuple[str, ...]
    statements: tuple[tuple[int, int, str], ...]  # first line, last line, text; of each assert

    def statement(self, line: int | None) -> str:
        """The assert on that line, on one line; "" where there is none."""
        for first, last, text in self.statements:
            if line is not None and first <= line <= last:
                return text
        return ""


@lru_cache(maxsize=256)
def read(source: str) -> PythonTests:
    """Raises BadInput, in one sentence, for tests that cannot be run or that check nothing."""
    if len(source) > MAX_CHARACTERS:
        raise BadInput(f"The tests have {len(source):,} characters; at most {MAX_CHARACTERS:,} are read.")
    try:
        tree = syntax.parse(source)
        compile(tree, "tests", "exec")
    except SyntaxError as error:
        raise BadInput(f"The tests are not Python: line {error.lineno}: {error.msg}.") from None
    except (ValueError, MemoryError, RecursionError, OverflowError):
        raise BadInput("The tests are not Python that can be read.") from None
    missing = sorted(module for module in _imports(tree) if module not in sys.stdlib_module_names)
    if missing:
        raise BadInput(f"The tests import {missing[0]}; programs here have Python's own library only.")
    functions = _to_call(tree)
    if not functions and not any(map(_checks, tree.body)):
        raise BadInput("The tests check nothing: give a function check(candidate), or assert statements.")
    return PythonTests(source, functions, tuple(sorted(_free_names(tree))), tuple(_statements(source, tree)))


def first_assert(source: str, name: str) -> str:
    """The first assert, its candidate under the program's own name; "" where that name is not known."""
    for _, _, text in read(source).statements:
        if CANDIDATE not in text:
            return text
        if name:
            return text.replace(CANDIDATE, name)
    return ""


def _to_call(tree: ast.Module) -> tuple[str, ...]:
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    called = {
        node.func.id
        for statement in tree.body
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    wanted = [CHECK] if CHECK in defined else [name for name in defined if name.startswith("test")]
    return tuple(name for name in wanted if name not in called)


def _checks(statement: ast.stmt) -> bool:
    """Whether a statement can fail when the tests are run from top to bottom."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
        return False
    return any(isinstance(node, ast.Assert | ast.Raise | ast.Call) for node in ast.walk(statement))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0] if not node.level else "."


def _free_names(tree: ast.Module) -> set[str]:
    used: set[str] = set()
    bound = {CANDIDATE, *dir(builtins), "__name__"}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.Name(id=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                bound.add(name)
            case ast.alias(name=name, asname=other):
                bound.add(other or name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)):
                bound.add(name)
    return used - bound


def _statements(source: str, tree: ast.Module) -> Iterator[tuple[int, int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            text = ast.get_source_segment(source, node) or ""
            yield node.lineno, node.end_lineno or node.lineno, " ".join(text.split())
