"""A program does not outlive Ponder, even where Ponder is killed and can clean up nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.sandbox.levels import Level

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are confined on Linux only")

PONDER = """
import sys
from engine.sandbox import levels, running
from engine.sandbox.limits import Limits
[level] = [level for level in levels.LEVELS if level.name == sys.argv[1]]
running.run_program("import time\\ntime.sleep(1000)", level, Limits(wall_seconds=1000))
"""


def test_a_program_dies_with_ponder(level: Level) -> None:
    ponder = subprocess.Popen([sys.executable, "-c", PONDER, level.name], cwd=Path(__file__).parents[3])
    programs = wait_for(lambda: psutil.Process(ponder.pid).children(recursive=True))
    time.sleep(0.5)  # whatever state the start is in, it must not matter: here it is well under way
    programs = {*programs, *psutil.Process(ponder.pid).children(recursive=True)}
    ponder.kill()
    ponder.wait()
    wait_for(lambda: not any(is_alive(program) for program in programs))


def test_a_program_that_has_just_been_started_dies_too(level: Level) -> None:
    ponder = subprocess.Popen([sys.executable, "-c", PONDER, level.name], cwd=Path(__file__).parents[3])
    programs = wait_for(lambda: psutil.Process(ponder.pid).children(recursive=True))
    ponder.kill()
    ponder.wait()
    wait_for(lambda: not any(is_alive(program) for program in programs))


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found
