"""Hostile programs at every level that this machine can give: none gets out, stays, or takes everything."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import psutil
import pytest

from engine.sandbox.levels import Level
from engine.sandbox.limits import Limits
from engine.sandbox.running import Outcome, run_program
from tests.engine.sandbox.conftest import SECRET, Outside
from tests.engine.sandbox.hostile import PROGRAMS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are confined on Linux only")

LIMITS = Limits(cpu_seconds=1, wall_seconds=4.0, memory_bytes=256 << 20)
AT_ONCE = 6
MISTAKES = ("SyntaxError", "NameError", "AttributeError", "TypeError")  # a program that tries nothing
CHILD = "engine/sandbox/inside/child.py"


@pytest.fixture(scope="module")
def outcome(level: Level, outside: Outside) -> Callable[[str], Outcome]:
    """How a program ended at this level. All of them run together when the first is asked for."""

    @cache
    def all_of_them() -> dict[str, Outcome]:
        def run(name: str) -> Outcome:
            return run_program(PROGRAMS[name].written(**outside.names()), level, LIMITS)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(PROGRAMS, pool.map(run, PROGRAMS), strict=True))

    return lambda name: all_of_them()[name]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_hostile_program_gets_nothing(name: str, outcome: Callable[[str], Outcome]) -> None:
    program, found = PROGRAMS[name], outcome(name)
    said = found.output + repr(found.replies)
    assert "ESCAPED" not in said
    assert SECRET not in said
    assert not [what for what in found.replies if what.get("raised", {}).get("type") in MISTAKES]
    assert not found.has_survivor
    assert len(found.output) <= LIMITS.output_bytes
    assert found.seconds < LIMITS.wall_seconds + 3
    if program.end != "any":
        assert found.stopped == program.end
    if program.most is not None and found.output.strip():
        assert int(found.output) <= program.most


def test_nothing_outside_was_changed_or_reached(outcome: Callable[[str], Outcome], outside: Outside) -> None:
    outcome("reads a file")  # and all the others
    assert (outside.folder / "secret").read_text() == SECRET
    assert (outside.folder / "secret").stat().st_mode & 0o777 == 0o666
    assert {path.name for path in outside.folder.iterdir()} == {"secret", "outside.py", "base.db", "socket"}
    assert outside.heard == []
    assert outside.process.poll() is None
    assert not os.path.exists("/dev/shm/planted")
    assert not os.path.exists(os.path.join(os.path.dirname(os.__file__), "planted.py"))


def test_no_process_is_left(outcome: Callable[[str], Outcome]) -> None:
    outcome("forks a daemon")  # and all the others
    deadline = time.monotonic() + 5
    while left := _left_over():
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def _left_over() -> list[str]:
    """Confined processes whose parent is gone, or is this one."""
    left = []
    for process in psutil.process_iter(["cmdline", "ppid"]):
        words = process.info["cmdline"] or []
        if any(CHILD in word for word in words) and process.info["ppid"] in (0, 1, os.getpid()):
            left.append(" ".join(words))
    return left


def test_there_are_sixty_and_more() -> None:
    assert len(PROGRAMS) >= 60


ORDINARY = {
    "prints": ("print(sum(range(10)))", "", "45\n"),
    "reads its input": ("print(sum(map(int, input().split())))", "1 2 3\n", "6\n"),
    "reads all of it": ("import sys\nprint(len(sys.stdin.read().split()))", "a b\nc\n", "3\n"),
    "uses the library": (
        "import collections, dataclasses, hashlib, heapq, itertools, json, math, re, statistics, typing\n"
        "print(hashlib.md5(b'x').hexdigest()[:4], json.dumps({'a': math.comb(5, 2)}))",
        "",
        '9dd4 {"a": 10}\n',
    ),
    "recurses deeply": (
        "import sys\nsys.setrecursionlimit(30000)\n"
        "def f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(20000))",
        "",
        "20000\n",
    ),
    "waits without blocking": (
        "import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    print('done')\n"
        "asyncio.run(main())",
        "",
        "done\n",
    ),
    "writes letters": ("print(input().upper())", "žluťoučký\n", "ŽLUŤOUČKÝ\n"),
    "ends by itself": ("import sys\nprint('done')\nsys.exit(3)", "", "done\n"),
    "uses memory": ("print(len(bytearray(150 << 20)) >> 20)", "", "150\n"),
    "takes a moment": ("print(sum(i * i for i in range(300000)) % 7)", "", "0\n"),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_program_works(name: str, level: Level) -> None:
    source, typed, printed = ORDINARY[name]
    found = run_program(source, level, stdin=typed)
    assert (found.output, found.stopped, found.code) == (printed, "", 0)
    assert found.replies[-1] == {"ended": True}


def test_a_program_has_a_scratch_folder_where_the_level_says_so(level: Level) -> None:
    source = (
        "import os, tempfile\nwith tempfile.TemporaryDirectory() as folder:\n"
        "    open(folder + '/a', 'w').write('kept')\n    print(open(folder + '/a').read())"
    )
    found = run_program(source, level)
    assert (found.output == "kept\n") == level.has_scratch


def test_threads_are_counted_or_refused(level: Level) -> None:
    source = (
        "import threading\nsaid = []\n"
        "threads = [threading.Thread(target=said.append, args=(i,)) for i in range(8)]\n"
        "for thread in threads: thread.start()\nfor thread in threads: thread.join()\nprint(sum(said))"
    )
    found = run_program(source, level)
    raised = found.replies[-1].get("raised", {"message": ""})
    assert found.output == "28\n" or raised["message"] == "can't start new thread"
    if level.has_scratch:
        assert found.output == "28\n"
