"""Starts one confined process: nothing of Ponder's environment, open files or terminal goes with it.

Knows how a request gets in. Does not read what comes out: `running` does.
"""

from __future__ import annotations

import marshal
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.sandbox import bubblewrap, visible
from engine.sandbox.levels import BUBBLEWRAP, SCRATCH, UNSAFE, Level, has_landlock
from engine.sandbox.limits import Limits

CHILD = Path(__file__).resolve().parent / "inside" / "child.py"
FLAGS = ("-I", "-S", "-B", "-X", "utf8")
FIRST_STRANGER, STRANGERS = 2_000_000_000, 100_000_000  # numbers of users that no machine gives to anybody


def start(
    level: Level,
    limits: Limits,
    request: dict[str, Any],
    *,
    stdin: str = "",
    output: int,
    replies: int,
    others: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """The process, started. `output`, `replies` and `others` are descriptors that it gets; the caller closes.

    It leads a process group. It dies with the thread that calls this. Raises OSError.
    """
    kept = (replies, *others)
    request = request | {"confinement": _confinement(level, limits, kept)}
    asked, typed = _file(marshal.dumps(request)), _file(stdin.encode("utf-8", "replace"))
    child = f"{bubblewrap.CODE}/inside/child.py" if level is BUBBLEWRAP else str(CHILD)
    command = [visible.python(), *FLAGS, child, str(asked), str(replies)]
    if level is BUBBLEWRAP:
        command = [*bubblewrap.command(), *command]
    try:
        return subprocess.Popen(
            command,
            stdin=typed,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            pass_fds=(asked, *kept),
            start_new_session=True,
        )
    finally:
        os.close(asked)
        os.close(typed)


def _confinement(level: Level, limits: Limits, kept: Sequence[int]) -> dict[str, Any]:
    is_unsafe, has_own_root = level is UNSAFE, level.has_scratch
    is_stranger = not is_unsafe and visible.is_for_everybody(with_folders_above=not has_own_root)
    layers = list(level.layers)
    if level is BUBBLEWRAP and not has_landlock():  # it holds without, too
        layers.remove("landlock")
    return {
        "layers": layers,
        "readable": list(visible.paths()),
        "scratch": SCRATCH if level.has_scratch else None,
        "scratch_bytes": limits.scratch_bytes,
        "parent": None if level is BUBBLEWRAP or is_unsafe else os.getpid(),
        "stranger": FIRST_STRANGER + secrets.randbelow(STRANGERS) if is_stranger else None,
        "has_own_users": has_own_root,
        "replies": list(kept),
        "cpu_seconds": limits.cpu_seconds,
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
    }


def _file(content: bytes) -> int:
    """A descriptor to read this from: a file without a name, so that writing it never waits for a reader."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("ponder")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    written = 0
    while written < len(content):
        written += os.write(descriptor, content[written:])
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
