"""The order in which a process gives up its rights. Once it has begun there is no way back.

Knows which layers a level has, from its request. Does not know why a level has them.
"""

from __future__ import annotations

import os
from typing import Any

from engine.sandbox.inside import ceilings

ABANDONED = 98


def confine(how: dict[str, Any]) -> None:
    """Return only in a confined process. Raises OSError where a layer does not hold.

    `how`: "layers" (names), "readable" (paths), "scratch" (the folder that can be written, or None),
    "scratch_bytes", "parent" (whose end is ours), "stranger" (the user that root becomes, or None),
    "has_own_users" (in a user namespace of its own), and the limits of `ceilings`.
    """
    layers = how["layers"]
    ends = {name: how[name] for name in ("cpu_seconds", "memory_bytes", "file_bytes")}
    if layers == ["limits"]:
        ceilings.lower(**ends, may_thread=False)
        return

    from engine.sandbox.inside import landlock, namespaces, privileges, seccomp

    if how["parent"] is not None and os.getppid() != how["parent"]:
        os._exit(ABANDONED)
    alive = None
    if "namespaces" in layers:
        namespaces.enter(how["readable"], how["scratch"], how["scratch_bytes"])
        alive = _fork(how["replies"])
    elif "scratch" in layers:
        namespaces.mount_scratch(how["scratch"], how["scratch_bytes"])
    stranger: int | None = how["stranger"] if os.geteuid() == 0 else None
    is_stranger = stranger is not None and privileges.become_stranger(stranger)
    may_thread = is_stranger or (how["has_own_users"] and os.geteuid() != 0)
    privileges.drop()
    privileges.die_with_parent()
    if alive is not None and _has_ended(alive):
        os._exit(ABANDONED)
    ceilings.lower(**ends, may_thread=may_thread)
    if "landlock" in layers:
        landlock.restrict(how["readable"], [how["scratch"], "/dev/null"] if how["scratch"] else [])
    seccomp.restrict(may_write=how["scratch"] is not None, may_thread=may_thread)


def _fork(to_close: list[int]) -> int:
    """Go on as the first process of the new namespace; the old one waits and ends as it ends.

    Returns a pipe that ends when the waiting process does.
    """
    from engine.sandbox.inside import privileges

    alive, life = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(life)
        return alive
    os.close(alive)
    for descriptor in to_close:
        os.close(descriptor)
    privileges.die_with_parent()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os._exit(status if status >= 0 else 128 - status)


def _has_ended(pipe: int) -> bool:
    os.set_blocking(pipe, False)
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False
    finally:
        os.close(pipe)
