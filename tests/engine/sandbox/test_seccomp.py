"""The filter's own program, run by a small interpreter of its instructions, for both kinds of machine."""

from __future__ import annotations

import errno
import struct
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("the system call filter is Linux's", allow_module_level=True)

from engine.sandbox.inside import kernel, seccomp
from engine.sandbox.inside.calls import ALWAYS, CONDITIONAL, WHERE_WRITABLE

ALLOWED = seccomp.ALLOW
O_RDONLY, O_WRONLY, O_CREAT, O_CLOEXEC = 0, 1, 0o100, 0o2000000
THREAD = 0x3D0F00  # what the C library starts a thread with
FORK = 0x1200011


def decide(program: list[bytes], number: int, *arguments: int, architecture: int) -> int:
    """What the kernel would answer."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<iIQ6Q", number, architecture, 0, *(a & (1 << 64) - 1 for a in padded))
    at, loaded = 0, 0
    while True:
        code, if_true, if_false, value = struct.unpack("=HBBI", program[at])
        at += 1
        if code == seccomp.LOAD:
            [loaded] = struct.unpack_from("<I", data, value)
        elif code == seccomp.RETURN:
            return value
        else:
            is_true = {
                seccomp.JUMP_EQUAL: loaded == value,
                seccomp.JUMP_AT_LEAST: loaded >= value,
                seccomp.JUMP_ANY_BIT: bool(loaded & value),
            }[code]
            at += if_true if is_true else if_false


@pytest.fixture(params=[0, 1], ids=["x86_64", "aarch64"])
def column(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(kernel, "COLUMN", request.param)
    return request.param


def answer(column: int, name: str, *arguments: int, may_write: bool = True, may_thread: bool = True) -> int:
    program = seccomp._program(may_write=may_write, may_thread=may_thread)
    number = (ALWAYS | WHERE_WRITABLE | CONDITIONAL)[name][column]
    assert number is not None
    return decide(program, number, *arguments, architecture=seccomp.ARCHITECTURES[column])


def refused(error: int) -> int:
    return seccomp.REFUSE | error


def test_what_is_on_the_list_is_allowed_and_nothing_else(column: int) -> None:
    program = seccomp._program(may_write=False, may_thread=False)
    allowed = {pair[column] for pair in ALWAYS.values()}
    conditional = {pair[column] for pair in CONDITIONAL.values()}
    for number in range(1000):
        if number in conditional:
            continue
        found = decide(program, number, architecture=seccomp.ARCHITECTURES[column])
        expected = ALLOWED if number in allowed else refused(errno.ENOSYS if number > 451 else errno.EPERM)
        assert found == expected, number


def test_another_machine_s_calls_end_the_process(column: int) -> None:
    program = seccomp._program(may_write=True, may_thread=True)
    assert decide(program, 0, architecture=0x40000003) == seccomp.KILL  # 32-bit x86
    assert decide(program, 0x40000000, architecture=seccomp.ARCHITECTURES[column]) == seccomp.KILL


@pytest.mark.parametrize(
    ("name", "arguments", "is_allowed"),
    [
        ("clone", (THREAD,), True),
        ("clone", (FORK,), False),
        ("clone", (0,), False),
        ("clone", (0x00010000,), False),
        ("clone", (THREAD | 0x40000000,), False),
        ("fcntl", (1, 3), True),
        ("fcntl", (1, 8, 1234), False),
        ("fcntl", (1, 10, 9), False),
        ("ioctl", (0, 0x5401), True),
        ("ioctl", (0, 0x5412), False),
        ("prctl", (15,), True),
        ("prctl", (1, 0), False),
        ("prlimit64", (0, 7), True),
        ("prlimit64", (1234, 7), False),
        ("socketpair", (1, 1 | 0o2000000 | 0o4000), True),
        ("socketpair", (1, 2), False),
        ("socketpair", (1, 5), False),
        ("socketpair", (2, 1), False),
        ("sendto", (3, 0x1000, 5, 0, 0, 0), True),
        ("sendto", (3, 0x1000, 5, 0, 0x7F00, 16), False),
        ("sendto", (3, 0x1000, 5, 0, 0x7F00 << 32, 16), False),
    ],
)
def test_arguments_decide(column: int, name: str, arguments: tuple[int, ...], is_allowed: bool) -> None:
    assert (answer(column, name, *arguments) == ALLOWED) == is_allowed


def test_without_a_scratch_folder_no_file_is_opened_for_writing(column: int) -> None:
    for flags, is_allowed in ((O_RDONLY | O_CLOEXEC, True), (O_WRONLY, False), (O_RDONLY | O_CREAT, False)):
        found = answer(column, "openat", -100, 0x1000, flags, may_write=False)
        assert found == (ALLOWED if is_allowed else refused(errno.EACCES))
        assert answer(column, "openat", -100, 0x1000, flags) == ALLOWED


def test_where_threads_cannot_be_counted_there_are_none(column: int) -> None:
    assert answer(column, "clone", THREAD, may_thread=False) == refused(errno.EPERM)
    assert answer(column, "clone3", 0x1000, 88) == refused(errno.ENOSYS)
