"""The levels of confinement, the best first, and what each is made of.

Knows what a level consists of and what it lacks. Does not know which of them hold here: `choosing` tries.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass

SCRATCH = "/tmp"  # the one folder that can be written, where a level has one  # noqa: S108


@dataclass(frozen=True, slots=True)
class Level:
    """One way to confine a program.

    `layers` are what the process puts on itself; `has_scratch`: it has a folder of its own to write in, of a
    set size, where otherwise nothing can be written at all.
    """

    name: str
    title: str
    layers: tuple[str, ...]
    has_scratch: bool


BUBBLEWRAP = Level(
    "bubblewrap",
    "bubblewrap, with a system call filter and limits",
    ("scratch", "landlock", "seccomp", "limits"),
    True,
)
NAMESPACES = Level(
    "namespaces",
    "namespaces of its own, Landlock, a system call filter and limits",
    ("namespaces", "landlock", "seccomp", "limits"),
    True,
)
LANDLOCK = Level(
    "landlock", "Landlock, a system call filter and limits", ("landlock", "seccomp", "limits"), False
)
LEVELS = (BUBBLEWRAP, NAMESPACES, LANDLOCK)
UNSAFE = Level("unsafe", "limits only, which is no sandbox", ("limits",), False)


def why_not(level: Level) -> str:
    """Why a level cannot even be tried here, in one sentence; "" where it can be."""
    if sys.platform != "linux":
        return "Programs can be confined on Linux only."
    from engine.sandbox.inside import kernel  # which only Linux can import

    if not kernel.IS_KNOWN:
        return f"The system call filter knows x86_64 and aarch64, not {kernel.MACHINE}."
    if level is BUBBLEWRAP and shutil.which("bwrap") is None:
        return "bubblewrap is not installed."
    if level is not BUBBLEWRAP and not has_landlock():
        return "This kernel has no Landlock, or it is switched off."
    return ""


def has_landlock() -> bool:
    """Whether this kernel can say which files a process may open. On Linux only."""
    from engine.sandbox.inside import landlock

    return landlock.version() > 0
