"""Python's own grammar, read by one thread at a time.

CPython 3.11 counts the depth of a parse in a place that all threads share: two at once can end in a
SystemError ("AST constructor recursion depth mismatch"), which no input of anybody's is to blame for.
"""

from __future__ import annotations

import ast
import threading
from typing import Any

_one_at_a_time = threading.Lock()


def parse(source: str) -> ast.Module:
    """The statements in `source`. Raises like `ast.parse`."""
    with _one_at_a_time:
        return ast.parse(source)


def expression(source: str) -> ast.expr:
    """The one expression in `source`. Raises like `ast.parse`."""
    with _one_at_a_time:
        return ast.parse(source, mode="eval").body


def literal(source: str) -> Any:
    """The value that `source` spells out. Raises like `ast.literal_eval`."""
    return ast.literal_eval(expression(source.lstrip(" \t")))
