"""Namespaces: a file system with nothing but the visible paths, no network, and no other process in sight.

Knows mounts and how to enter them. Does not know which paths are visible. With the right to (root), no user
namespace is made: the process takes an identity of its own afterwards, which is the stronger separation.
Source: man 2 pivot_root, man 2 mount_setattr, man 7 user_namespaces.
"""

from __future__ import annotations

import os
import struct

from engine.sandbox.inside import kernel

NEW_MOUNTS, NEW_HOST_NAME, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
PRIVATE, RECURSIVE, BIND = 1 << 18, 1 << 14, 1 << 12
NO_SETUID, NO_DEVICES = 1 << 1, 1 << 2
DETACH = 2
AT_RECURSIVE, READ_ONLY = 0x8000, 0x1
BASE = "/tmp"  # where the new root is put together; nothing outside this process sees it  # noqa: S108
OLD = "/.old"
MOST_FILES = 1024


def enter(visible: list[str], scratch: str, scratch_bytes: int) -> None:
    """Leave the machine's network, file system and inter-process communication. Raises OSError.

    The process that is forked next is the first of a new process namespace. `scratch` is the only folder
    that can be written, up to that size.
    """
    kinds = NEW_MOUNTS | NEW_HOST_NAME | NEW_IPC | NEW_PROCESSES | NEW_NETWORK
    user, group = os.geteuid(), os.getegid()
    kernel.libc("unshare", kinds if user == 0 else kinds | NEW_USER)
    if user != 0:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    _mount(None, "/", None, RECURSIVE | PRIVATE)
    _mount("tmpfs", BASE, "tmpfs", NO_SETUID | NO_DEVICES, "size=1m,mode=0755")
    os.mkdir(BASE + OLD)
    kernel.call(kernel.PIVOT_ROOT, BASE.encode(), (BASE + OLD).encode(), what="pivot_root")
    os.chdir("/")
    for path in visible:
        _show(path)
    kernel.libc("umount2", OLD.encode(), DETACH)
    os.rmdir(OLD)
    os.makedirs(scratch, exist_ok=True)
    attributes = struct.pack("=QQQQ", READ_ONLY, 0, 0, 0)
    kernel.call(kernel.MOUNT_SETATTR, -100, b"/", AT_RECURSIVE, attributes, len(attributes), what="read-only")
    mount_scratch(scratch, scratch_bytes)


def mount_scratch(scratch: str, scratch_bytes: int) -> None:
    """A folder in memory, of a set size and for a set number of files, and go there. Raises OSError."""
    options = f"size={scratch_bytes},nr_inodes={MOST_FILES},mode=1777"
    _mount("tmpfs", scratch, "tmpfs", NO_SETUID | NO_DEVICES, options)
    os.chdir(scratch)


def _show(path: str) -> None:
    """Make a path of the old root appear in the new one; a link stays a link."""
    source = OLD + path
    if not os.path.lexists(source) or os.path.lexists(path):
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.islink(source):
        os.symlink(os.readlink(source), path)
        return
    if os.path.isdir(source):
        os.mkdir(path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC))
    _mount(source, path, None, BIND | RECURSIVE)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    kernel.libc("mount", *map(_bytes, (source, target, kind)), flags, options.encode())


def _bytes(word: str | None) -> bytes | None:
    return None if word is None else word.encode()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
