"""What a confined process may use: seconds of CPU, memory, size of a file, open files, threads.

A sandbox needs these and they are none by themselves. Source: man 2 getrlimit.
"""

from __future__ import annotations

import resource
import sys

OPEN_FILES = 64
STACK_BYTES = 64 << 20
THREADS = 64


def lower(*, cpu_seconds: int, memory_bytes: int, file_bytes: int, may_thread: bool) -> None:
    """Set all limits, hard ones. Must come after everything that needs more."""
    _set("RLIMIT_CPU", cpu_seconds)
    _set("RLIMIT_AS", memory_bytes)
    _set("RLIMIT_DATA", memory_bytes)
    _set("RLIMIT_FSIZE", file_bytes)
    _set("RLIMIT_NOFILE", OPEN_FILES)
    _set("RLIMIT_STACK", STACK_BYTES)
    for nothing in ("RLIMIT_CORE", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO"):
        _set(nothing, 0)
    if may_thread:  # counted for each user: only where no one else is this user
        _set("RLIMIT_NPROC", THREADS)


def _set(name: str, limit: int) -> None:
    """Never above what is allowed already; what a system does not have cannot be limited."""
    kind = getattr(resource, name, None)
    if kind is None:
        return
    most = resource.getrlimit(kind)[1]
    if most != resource.RLIM_INFINITY:
        limit = min(limit, most)
    try:
        resource.setrlimit(kind, (limit, limit))
    except (OSError, ValueError):
        if sys.platform == "linux":  # macOS has some that it refuses; no level there relies on them
            raise
