"""What a confined process may not have: rights of root, the identity of Ponder, and a life after Ponder's.

Knows users, capabilities and process flags. Source: man 7 capabilities, man 2 prctl.
"""

from __future__ import annotations

import os
import struct

from engine.sandbox.inside import kernel

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
SIGKILL = 9
CAPABILITY_VERSION_3 = 0x20080522
NOBODY = 65534


def become_stranger(stranger: int) -> bool:
    """Turn root into a user that nobody else is, or else into nobody; whether that could be done.

    A container may know only some users.
    """
    for user in (stranger, NOBODY):
        try:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        except OSError:
            continue
        return True
    return False


def drop() -> None:
    """No capability, now or later, and nobody may look inside. Raises OSError."""
    head = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    kernel.call(kernel.CAPSET, head, bytes(24), what="capset")
    kernel.libc("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    kernel.libc("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent() -> None:
    """SIGKILL when the thread that started this process ends. A change of user clears it: call it after."""
    kernel.libc("prctl", PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
