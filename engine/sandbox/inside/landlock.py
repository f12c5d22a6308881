"""Landlock: of all files only those below the given paths can be opened, and no process outside is reached.

Source: the kernel's documentation, userspace-api/landlock. What it does not cover: that a path outside
exists, and its size and dates, can still be asked; before version 3 of the interface it lets a file be cut
short, which the system call filter has to refuse.
"""

from __future__ import annotations

import os
import struct

from engine.sandbox.inside import kernel

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEVICE = 1 << 14, 1 << 15
OF_A_FILE = WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE  # what a rule on a file, no folder, may grant
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # by version
NETWORK, SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals
NETWORK_SINCE, SCOPES_SINCE = 4, 6
GET_VERSION, RULE_PATH_BENEATH = 1, 1


def version() -> int:
    """The version of the interface; 0 where this kernel has none, or has it switched off."""
    try:
        return kernel.call(kernel.LANDLOCK_CREATE_RULESET, None, 0, GET_VERSION)
    except OSError:
        return 0


def restrict(readable: list[str], writable: list[str]) -> None:
    """From now on only these paths and what is below them. Needs no_new_privs. Raises OSError."""
    known = version()
    rights = FILE_RIGHTS[max((since for since in FILE_RIGHTS if since <= known), default=1)]
    attributes = struct.pack("=Q", rights)
    if known >= NETWORK_SINCE:
        attributes += struct.pack("=Q", NETWORK)
    if known >= SCOPES_SINCE:
        attributes += struct.pack("=Q", SCOPES)
    rules = kernel.call(kernel.LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0, what="Landlock")
    for path in readable:
        _allow(rules, path, (READ_FILE | READ_DIR) & rights)
    for path in writable:
        _allow(rules, path, rights & ~EXECUTE)
    kernel.call(kernel.LANDLOCK_RESTRICT_SELF, rules, 0, what="Landlock")
    os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    """A path that is not there needs no rule."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):
        rights &= OF_A_FILE
    kernel.call(
        kernel.LANDLOCK_ADD_RULE,
        rules,
        RULE_PATH_BENEATH,
        struct.pack("=Qi", rights, place),
        0,
        what="Landlock",
    )
    os.close(place)
