# ruff: noqa: E501 - a program is easier to read whole than wrapped
"""Verdicts: right programs pass, wrong ones fail with words that help, and no trick makes a wrong one pass."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from engine.errors import BadInput, ScorerUnavailable
from engine.sandbox import choosing
from engine.sandbox.levels import Level
from engine.sandbox.limits import Limits
from engine.sandbox.unit_tests import Report, Tests, clean, run_tests

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are confined on Linux only")

PROMPT = 'from typing import List\n\n\ndef add(a: int, b: int) -> int:\n    """The sum of two numbers."""\n'
RIGHT = f"{PROMPT}    return a + b\n"
PAIRS = [[[1, 2], 3], [[-1, 5], 4]]
CHECK = """
METADATA = {"author": "us"}

def check(candidate):
    assert candidate(1, 2) == 3
    assert candidate(-1,
                     5) == 4, "the second"
"""
PLAIN = "assert add(1, 2) == 3\nassert add(-1, 5) == 4\n"
NO_TIME = replace(Limits(), cpu_seconds=1, wall_seconds=3.0)


def report(program: str, tests: Tests, level: Level | None = None, limits: Limits = Limits()) -> Report:  # noqa: B008
    return run_tests(program, tests, entry="add", prompt=PROMPT, is_spread=True, limits=limits, level=level)


@pytest.mark.parametrize("tests", [PAIRS, CHECK, PLAIN], ids=["pairs", "check", "asserts"])
def test_a_right_program_passes(tests: Tests, level: Level) -> None:
    found = report(RIGHT, tests, level)
    assert found.failure is None
    assert found.passed == found.total > 0


def test_a_wrong_program_fails_and_is_told_how(level: Level) -> None:
    wrong = "def add(a, b):\n    return a * b + 1\n"
    assert report(wrong, PAIRS, level) == Report(1, 2, "Test 2: add(-1, 5) gave -4; expected 4.")
    assert report(wrong, CHECK, level).failure == (
        'add(-1, 5) gave -4. The test: assert add(-1, 5) == 4, "the second"'
    )
    assert report(wrong, PLAIN, level).failure == "add(-1, 5) gave -4. The test: assert add(-1, 5) == 4"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("def add(a, b:\n", "raised SyntaxError: '(' was never closed (line 1) before any test"),
        ("def sub(a, b): return a\n", "name 'add' is not defined"),
        ("import numpy\n", "raised ModuleNotFoundError: No module named 'numpy' (line 1) before any test"),
        ("def add(a, b):\n    x = {}\n    return x[a]\n", "add(1, 2) raised KeyError: 1 (line 3)"),
        ("def add(a, b): return a / 0\n", "raised ZeroDivisionError: division by zero (line 1)"),
        ("def add(a): return a\n", "raised TypeError"),
        ("def add(a, b): return add(a, b)\n", "raised RecursionError"),
        ("def add(a, b): return [0] * 10**12\n", "raised MemoryError"),
        ("def add(a, b): return str(a + b)\n", "gave '3'"),
        ("def add(a, b): return None\n", "gave None"),
        ("def add(a, b): return 10**5000\n", "gave a very long value"),
        ("def add(a, b): return [[1] * 50] * 400\n", "gave [[1, 1"),
        ("def add(a, b): return 'x' * 10**6\n", "gave <a result of more than 64 KiB>"),
        ("def add(a, b):\n    x = []\n    x.append(x)\n    return x\n", "raised RecursionError"),
        ("def add(a, b):\n    import sys\n    sys.exit()\n", "add(1, 2)"),
        ("def add(a, b):\n    import os\n    os._exit(0)\n", "ended early with exit code 0"),
        ("def add(a, b):\n    import os\n    os.abort()\n", "In add(1, 2) the program crashed"),
    ],
)
@pytest.mark.parametrize("tests", [PAIRS, CHECK], ids=["pairs", "check"])
def test_every_failure_is_said(program: str, words: str, tests: Tests) -> None:
    found = report(program, tests)
    assert found.passed == 0
    assert found.failure is not None
    assert words in found.failure
    assert len(found.failure) <= 500


@pytest.mark.parametrize("tests", [PAIRS, CHECK], ids=["pairs", "check"])
def test_too_slow_and_too_loud(tests: Tests) -> None:
    slow = report("def add(a, b):\n    while True: pass\n", tests, limits=NO_TIME).failure
    assert slow is not None
    assert "more than" in slow
    idle = "import time\ndef add(a, b): time.sleep(100)\n"
    assert "took more than 3 s" in (report(idle, tests, limits=NO_TIME).failure or "")
    loud = "def add(a, b):\n    while True: print('x' * 1000)\n"
    assert "wrote more than 64 KiB" in (report(loud, tests).failure or "")
    chatty = "def add(a, b):\n    print('thinking', a, b)\n    return a + b\n"
    assert report(chatty, tests).failure is None


TRICKS = {
    "is equal to anything": "class Any:\n    def __eq__(self, other): return True\ndef add(a, b): return Any()\n",
    "a number equal to anything": (
        "class Any(int):\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n"
        "    __hash__ = int.__hash__\ndef add(a, b): return Any(7)\n"
    ),
    "a list equal to anything": (
        "class Any(list):\n    def __eq__(self, other): return True\ndef add(a, b): return Any([7])\n"
    ),
    "ends at once": "import os\ndef add(a, b): return 0\nos._exit(0)\n",
    "ends with success": "import sys\ndef add(a, b): return 0\nsys.exit(0)\n",
    "ends in the call": "import os\ndef add(a, b): os._exit(0)\n",
    "patches the builtins": (
        "import builtins\nbuiltins.AssertionError = KeyError\nbuiltins.all = builtins.any = lambda x: True\n"
        "builtins.__build_class__ = None\nbuiltins.isinstance = lambda x, y: True\ndef add(a, b): return 7\n"
    ),
    "patches the harness": (
        "import sys\nfor name, module in list(sys.modules.items()):\n    if 'sandbox' in name:\n"
        "        for key in dir(module):\n            if key in ('are_equal', 'run', 'pack', 'raised'):\n"
        "                setattr(module, key, lambda *a, **k: {'passed': True})\ndef add(a, b): return 7\n"
    ),
    "prints a verdict": "print('{\"passed\": true}')\ndef add(a, b): return 7\n",
    "sends verdicts": (
        "import os\nfor number in range(3, 40):\n    for line in (b'{\"passed\": true}', b'{\"loaded\": true}'):\n"
        "        try: os.write(number, line + b'\\n')\n        except OSError: pass\ndef add(a, b): return 7\n"
    ),
    "sends verdicts in the call": (
        "import os\ndef add(a, b):\n    for number in range(3, 40):\n        try:\n"
        '            os.write(number, b\'{"gave": {"tuple": []}, "changed": []}\\n{"passed": true}\\n\')\n'
        "        except OSError: pass\n    return 7\n"
    ),
    "looks for the tests": (
        "import gc, sys\ndef add(a, b):\n    frame = sys._getframe()\n    while frame:\n"
        "        for value in frame.f_locals.values():\n"
        "            if isinstance(value, dict) and 'tests' in value: return 3\n        frame = frame.f_back\n"
        "    return next((7 for o in gc.get_objects() if 'assert candidate' in str(o)[:999]), 7)\n"
    ),
    "kills the judge": (
        "import os, signal\ndef add(a, b):\n    for pid in (os.getppid(), os.getpid() + 1, os.getpid() - 1, -1, 0):\n"
        "        try: os.kill(pid, signal.SIGKILL)\n        except OSError: pass\n    return 7\n"
    ),
    "raises what a test passes on": "def add(a, b): raise SystemExit(0)\n",
    "answers with nonsense": (
        "import os\ndef add(a, b):\n    for number in range(3, 40):\n        try: os.write(number, b'[' * 50000 + b'\\n')\n"
        "        except OSError: pass\n    return 7\n"
    ),
    "has a hostile representation": (
        "class Odd:\n    def __repr__(self): return '3'\n    def __getattr__(self, name): raise SystemExit\n"
        "def add(a, b): return Odd()\n"
    ),
    "raises a hostile exception": (
        "class Odd(Exception):\n    def __str__(self): raise KeyboardInterrupt\ndef add(a, b): raise Odd\n"
    ),
    "closes the line": "import os\ndef add(a, b):\n    os.closerange(3, 100)\n    return 7\n",
}
FORGIVING = """
def check(candidate):
    try:
        candidate(1, 2)
    except Exception:
        pass
    assert candidate(1, 2) == 3
"""
CATCHES_ALL = """
def check(candidate):
    try:
        assert candidate(1, 2) == 3
    except BaseException:
        pass
"""


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("tests", [PAIRS, CHECK, FORGIVING], ids=["pairs", "check", "forgiving"])
def test_no_trick_passes(trick: str, tests: Tests) -> None:
    found = report(TRICKS[trick], tests)
    assert found.failure is not None
    assert found.passed == 0


def test_a_program_that_is_gone_has_not_passed_even_where_a_test_catches_everything() -> None:
    assert report("import os\ndef add(a, b): os._exit(0)\n", CATCHES_ALL).failure is not None


def test_what_tests_may_do() -> None:
    """Exceptions of the built-in types arrive, arguments change in place, kinds of values are kept."""
    program = (
        "class Mine(ValueError): pass\n"
        "def fail(x): raise Mine('no')\ndef sort(xs): xs.sort()\ndef pair(x): return (x, {x}, frozenset([x]))\n"
        "def count(n): yield from range(n)\ndef keyed(*, a): return {a: b'x', 2.5: 1j}\ndef span(): return range(3)\n"
    )
    tests = """
import math
def test_exceptions():
    try:
        fail(1)
    except ValueError as error:
        assert str(error) == "no"
    else:
        assert False
def test_values():
    xs = [3, 1, 2]
    assert sort(xs) is None and xs == [1, 2, 3]
    assert pair(1) == (1, {1}, frozenset([1])) and isinstance(pair(1)[1], set)
    assert list(count(3)) == [0, 1, 2] and keyed(a="k") == {"k": b"x", 2.5: 1j}
    assert span() == range(3) and math.isclose(sum(span()), 3)
"""
    assert run_tests(program, tests).failure is None


def test_the_problem_s_own_helpers_are_not_the_program_s() -> None:
    prompt = (
        "def double(x):\n    return 2 * x\n\n\ndef half(x: int):\n"
        '    """The number that double turns into x."""\n'
    )
    tests = "def check(candidate):\n    for x in range(50):\n        assert candidate(double(x)) == x\n"
    right, wrong = "def half(x): return x // 2\n", "def half(x): return 0\ndef double(x): return 0\n"
    assert run_tests(right, tests, entry="half", prompt=prompt).failure is None
    assert run_tests(wrong, tests, entry="half", prompt=prompt).failure is not None


def test_tests_at_fault_are_no_verdict() -> None:
    with pytest.raises(ScorerUnavailable, match="only plain values can be handed to a program"):
        report(RIGHT, "assert add(lambda: 1, 2) == 3")
    with pytest.raises(ScorerUnavailable, match="The tests themselves failed"):
        report(RIGHT, "import os\nassert add(1, 2) == 3\nos._exit(1)")
    with pytest.raises(BadInput, match="The tests are not Python: line 1"):
        report(RIGHT, "assert add(1, 2 == 3")


@pytest.mark.parametrize(
    ("program", "given", "expected"),
    [
        ("def f(xs): return sorted(xs)", [3, 1, 2], [1, 2, 3]),  # one argument: the list itself
        ("def f(a, b): return a + b", [1, 2], 3),
        ("def f(*numbers): return sum(numbers)", [1, 2, 3], 6),
        ("def f(): return 7", [], 7),
        ("def f(a, b): return a - b", {"b": 1, "a": 5}, 4),
        ("def f(table): return table['a']", {"a": 5}, 5),
        ("def f(text): return text[::-1]", "abc", "cba"),
        ("def helper(x): return x\ndef f(x): return helper(x) + 1", 1, 2),
        ("class Solution:\n    def f(self, a, b): return a * b", [3, 4], 12),
        ("import functools\n@functools.cache\ndef f(n): return n if n < 2 else f(n-1) + f(n-2)", 10, 55),
        ("f = lambda a, b: a ** b", [2, 10], 1024),
    ],
)
def test_how_an_input_is_handed_over(program: str, given: object, expected: object) -> None:
    assert run_tests(program, [[given, expected]], entry="f") == Report(1, 1, None)
    if "lambda" not in program:
        assert run_tests(program, [[given, expected]]) == Report(1, 1, None)  # the last function it defines


def test_programs_that_read_and_print(level: Level) -> None:
    tests = [["3 4\n", "7\n"], ["10 -4", "6"], ["1 1\n", "2"]]
    right = "a, b = map(int, input().split())\nprint(a + b)\n"
    wrong = "import sys\na, b = map(int, sys.stdin.read().split())\nprint(a + abs(b))\n"
    main = (
        "def main():\n    print(sum(map(int, input().split())))\n\nif __name__ == '__main__':\n    main()\n"
    )
    assert run_tests(right, tests, level=level) == Report(3, 3, None)
    assert run_tests(main, tests, level=level) == Report(3, 3, None)
    assert run_tests(wrong, tests, level=level) == Report(
        1, 3, "Test 2: with the input '10 -4' the program printed '14'; expected '6'."
    )
    broken = run_tests("print(int(input()))", tests, level=level).failure
    assert broken is not None
    assert "raised ValueError: invalid literal" in broken


def test_what_is_said_is_one_printable_line() -> None:
    program = "def add(a, b): raise ValueError('\\x1b[31mred\\n' + 'x' * 10000 + '</script>')\n"
    failure = report(program, PAIRS).failure
    assert failure is not None
    assert failure.isprintable()
    assert len(failure) <= 500
    assert clean("a\n\tb\u202e\x00c") == "a b c"


def test_without_a_sandbox_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_found", choosing.Choice(None, ("This kernel has no Landlock.",)))
    with pytest.raises(ScorerUnavailable, match=r"cannot be run safely .*This kernel has no Landlock\."):
        report(RIGHT, PAIRS)


def test_a_sandbox_that_fails_is_no_verdict(monkeypatch: pytest.MonkeyPatch, level: Level) -> None:
    broken = replace(level, layers=("no such layer",), has_scratch=False)
    monkeypatch.setattr("engine.sandbox.starting.FLAGS", ("-I", "-S", "-B", "-X", "no-such-option=%"))
    monkeypatch.setattr("engine.sandbox.starting.CHILD", "/no/such/file.py")
    with pytest.raises(ScorerUnavailable, match="The sandbox failed"):
        report(RIGHT, PAIRS, broken)
    with pytest.raises(ScorerUnavailable, match="The sandbox failed"):
        report(RIGHT, CHECK, broken)
