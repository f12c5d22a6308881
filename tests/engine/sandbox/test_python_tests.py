"""Tests in Python are read before anything runs: what they call, what they need, what is wrong with them."""

from __future__ import annotations

import pytest

from engine.errors import BadInput
from engine.sandbox import python_tests


def test_what_is_called() -> None:
    assert python_tests.read("def check(candidate):\n    assert candidate(1)").functions == ("check",)
    assert python_tests.read("def check(f):\n    assert f(1)\ncheck(add)").functions == ()
    source = "def test_a(): assert f(1)\ndef test_b(): assert f(2)"
    assert python_tests.read(source).functions == (
        "test_a",
        "test_b",
    )
    assert python_tests.read("assert f(1) == 2").functions == ()


def test_what_the_program_must_define() -> None:
    source = (
        "import math\nfrom math import sqrt as root\n"
        "def helper(x):\n    y = [z for z in x]\n    return y, math.pi, root\n"
        "def check(candidate):\n    for i in range(3):\n"
        "        assert candidate(i) == other(i) + len(helper([i]))\n"
        "    try:\n        candidate(0)\n    except ValueError as error:\n        print(error)\n"
    )
    assert python_tests.read(source).names == ("other",)


def test_the_statement_on_a_line() -> None:
    tests = python_tests.read("x = 1\nassert f(1,\n  2) == 3\nassert f(2) == 1")
    assert [tests.statement(line) for line in (1, 2, 3, 4, None)] == [
        "", "assert f(1, 2) == 3", "assert f(1, 2) == 3", "assert f(2) == 1", ""
    ]  # fmt: skip
    assert (
        python_tests.first_assert("def check(candidate):\n    assert candidate(1) == 2", "f")
        == "assert f(1) == 2"
    )
    assert python_tests.first_assert("def check(candidate):\n    assert candidate(1) == 2", "") == ""


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("assert f(1", "The tests are not Python: line 1"),
        ("\x00", "not Python that can be read|null bytes"),
        ("return 1", "The tests are not Python: line 1: 'return' outside function"),
        ("x = 1", "check nothing"),
        ("", "check nothing"),
        ("def f(x): return x", "check nothing"),
        ("import pytest\nassert f(1) == 2", "import pytest; programs here have Python's own library only"),
        ("from . import x\nassert x", "The tests import"),
        ("#" * 600_000, "at most 500,000"),
        ("(" * 5000 + ")" * 5000, "The tests are not Python"),
    ],
)
def test_tests_that_cannot_be_used_are_refused_in_a_sentence(source: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        python_tests.read(source)
    assert "\n" not in str(caught.value)
