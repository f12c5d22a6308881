"""What of the machine a program can read: Python's library, the system's libraries, harmless devices.

Knows paths. Does not know how a level makes them visible.
"""

from __future__ import annotations

import os
import stat
import sys
from functools import cache

SYSTEM = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache",
    "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero",
)  # fmt: skip


@cache
def python() -> str:
    """The interpreter itself, no link and not of a virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


@cache
def paths() -> tuple[str, ...]:
    """Files and folders to read; none is below another."""
    library = os.path.dirname(os.path.realpath(os.path.dirname(os.__file__)))
    beside_python = os.path.join(os.path.dirname(os.path.dirname(python())), "lib")
    chosen: list[str] = []
    for path in sorted({*SYSTEM, library, beside_python}):
        if os.path.lexists(path) and not any(path.startswith(f"{above}/") for above in chosen):
            chosen.append(path)
    return tuple(chosen)


@cache
def is_for_everybody(*, with_folders_above: bool) -> bool:
    """Whether a user who is nobody could read Python's library, so that a program can run as one."""
    library = os.path.dirname(os.path.realpath(os.__file__))
    folders = [os.path.dirname(library), library]
    above = os.path.dirname(folders[0])
    while with_folders_above and above not in folders:
        folders.append(above)
        above = os.path.dirname(above)
    return all(os.stat(folder).st_mode & stat.S_IXOTH for folder in folders) and bool(
        os.stat(os.__file__).st_mode & stat.S_IROTH
    )
