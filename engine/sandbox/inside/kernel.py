"""System calls that Python has no function for, by ctypes, on Linux for x86_64 and aarch64.

Knows how to call and how to report an error. Does not know what any call is for.
"""

from __future__ import annotations

import ctypes
import os

MACHINE = os.uname().machine
IS_KNOWN = MACHINE in ("x86_64", "aarch64")
COLUMN = 1 if MACHINE == "aarch64" else 0  # in pairs of numbers: (x86_64, aarch64)

CAPSET = (126, 91)[COLUMN]
PIVOT_ROOT = (155, 41)[COLUMN]
SECCOMP = (317, 277)[COLUMN]
MOUNT_SETATTR = 442
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

Argument = int | bytes | None


def call(number: int, *arguments: Argument, what: str = "system call") -> int:
    """What the system call returns. Raises OSError, saying what was attempted."""
    return _checked(_libc.syscall(number, *map(_value, arguments)), what)


def libc(name: str, *arguments: Argument) -> int:
    """The same for a function of the C library."""
    return _checked(getattr(_libc, name)(*map(_value, arguments)), name)


def _value(argument: Argument) -> object:
    return ctypes.c_long(argument) if isinstance(argument, int) else argument


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
