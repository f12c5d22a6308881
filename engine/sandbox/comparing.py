"""Whether what a program gave is what a test expects. Both are plain values: no code of it is called.

A test's values come from JSON, which has fewer types than Python: a tuple counts as a list, a set as a list
in any order, a key as its text. Numbers are equal within 1e-6, since decimals are seldom exact; True is no 1.
"""

from __future__ import annotations

import math
from typing import Any

TOLERANCE = 1e-6


def are_equal(expected: Any, got: Any) -> bool:
    """Whether `got` is the value that `expected`, read from JSON, means."""
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None or got is None:
        return expected is got
    if isinstance(expected, int) and isinstance(got, int):
        return expected == got
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return _are_close(expected, got)
    if isinstance(expected, dict):
        return isinstance(got, dict) and _are_equal_dicts(expected, got)
    if isinstance(expected, list):
        if isinstance(got, set | frozenset):
            return len(expected) == len(got) and _have_same_items(expected, list(got))
        if isinstance(got, range):
            got = list(got[: len(expected) + 1])
        return (
            isinstance(got, list | tuple) and len(expected) == len(got) and all(map(are_equal, expected, got))
        )
    return type(expected) is type(got) and expected == got


def are_equal_texts(expected: str, got: str) -> bool:
    """Whether a program printed what a test expects; however its blanks are spread."""
    return _lines(expected) == _lines(got)


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.strip().splitlines()]


def _are_close(expected: float, got: float) -> bool:
    try:
        is_nan = math.isnan(expected), math.isnan(got)
        return all(is_nan) or math.isclose(expected, got, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except OverflowError:  # a whole number that no decimal can hold
        return False


def _are_equal_dicts(expected: dict[Any, Any], got: dict[Any, Any]) -> bool:
    by_text = {key if isinstance(key, str) else str(key): value for key, value in got.items()}
    return (
        len(expected) == len(got) == len(by_text)
        and expected.keys() == by_text.keys()
        and all(are_equal(value, by_text[key]) for key, value in expected.items())
    )


def _have_same_items(expected: list[Any], got: list[Any]) -> bool:
    rest = list(got)
    for item in expected:
        at = next((at for at, other in enumerate(rest) if are_equal(item, other)), None)
        if at is None:
            return False
        del rest[at]
    return True
