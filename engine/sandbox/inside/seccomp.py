"""The system call filter: what is not on the list does not happen, and some calls only with safe arguments.

No sockets but a pair inside the process, no other program (`execve`), no other process, no signal to
anybody, no shared memory that stays behind, no namespaces, no keys, no tracing. A list of what is allowed
rather than of what is not: calls that later kernels add are refused too.
Source: the kernel's documentation, userspace-api/seccomp_filter, and bpf(4)'s classic instructions.
"""

from __future__ import annotations

import ctypes
import errno
import struct

from engine.sandbox.inside import kernel
from engine.sandbox.inside.calls import ALWAYS, CONDITIONAL, NEWEST, WHERE_WRITABLE

LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16
ARCHITECTURES = (0xC000003E, 0xC00000B7)
X32_CALLS = 0x40000000  # the other numbering of x86_64
SET_FILTER = 1

F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC = 0, 1, 2, 3, 4, 1030  # no F_SETOWN: signals
TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX = 0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451
PR_SET_NAME, PR_GET_NAME, PR_SET_VMA = 15, 16, 0x53564D41
WRITING = 0o3 | 0o100 | 0o1000  # O_WRONLY or O_RDWR, O_CREAT, O_TRUNC
THREAD = 0x00010000 | 0x00000100  # CLONE_THREAD and CLONE_VM
NAMESPACES = 0x7E020080  # every CLONE_NEW…
AF_UNIX, SOCK_STREAM, SOCK_FLAGS = 1, 1, 0o2004000  # SOCK_NONBLOCK and SOCK_CLOEXEC

Instruction = bytes
Block = list[Instruction]


def restrict(*, may_write: bool, may_thread: bool) -> None:
    """Filter this process from now on. Needs no_new_privs and a single thread. Raises OSError."""
    program = _program(may_write=may_write, may_thread=may_thread)
    code = ctypes.create_string_buffer(b"".join(program))
    head = struct.pack("@HP", len(program), ctypes.addressof(code))
    kernel.call(kernel.SECCOMP, SET_FILTER, 0, head, what="seccomp")


def _program(*, may_write: bool, may_thread: bool) -> Block:
    numbers = {name: pair[kernel.COLUMN] for name, pair in CONDITIONAL.items()}
    blocks: dict[str, Block] = {
        "fcntl": _one_of(1, [F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC]),
        "ioctl": _one_of(1, [TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX]),
        "prctl": _one_of(0, [PR_SET_NAME, PR_GET_NAME, PR_SET_VMA]),
        "prlimit64": _one_of(0, [0]),  # of itself; raising a limit takes a capability that is gone
        "socketpair": [_load(0), _unless_equal(AF_UNIX, 3), *_no_bits(1, ~(SOCK_STREAM | SOCK_FLAGS))],
        # To the other end of a pair, never to an address.
        "sendto": [
            _load(4),
            _unless_equal(0, 3),
            _load(4, high=True),
            _unless_equal(0, 1),
            _ALLOWED,
            *_REFUSED,
        ],
        "clone": _threads() if may_thread else _REFUSED,
        "clone3": _refused(errno.ENOSYS),  # its flags are in memory, where a filter cannot look
        "openat2": _refused(errno.ENOSYS),
        "open": [_ALLOWED] if may_write else _no_bits(1, WRITING, errno.EACCES),
        "openat": [_ALLOWED] if may_write else _no_bits(2, WRITING, errno.EACCES),
    }
    program: Block = [
        _instruction(LOAD, ARCHITECTURE_AT),
        _instruction(JUMP_EQUAL, ARCHITECTURES[kernel.COLUMN], 1, 0),
        _instruction(RETURN, KILL),
        _instruction(LOAD, NUMBER_AT),
        _instruction(JUMP_AT_LEAST, X32_CALLS, 0, 1),
        _instruction(RETURN, KILL),
    ]
    for calls in (ALWAYS, WHERE_WRITABLE if may_write else {}):
        for pair in calls.values():
            program += _when(pair[kernel.COLUMN], [_ALLOWED])
    for name, block in blocks.items():
        program += _when(numbers[name], block)
    # The C library tries calls that are newer than this list and does without only if they do not exist.
    program += [_instruction(JUMP_AT_LEAST, NEWEST + 1, 0, 1), *_refused(errno.ENOSYS)]
    return [*program, *_REFUSED]


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> Instruction:
    return struct.pack("=HBBI", code, if_true, if_false, value & 0xFFFFFFFF)


def _refused(error: int) -> Block:
    return [_instruction(RETURN, REFUSE | error)]


_ALLOWED = _instruction(RETURN, ALLOW)
_REFUSED = _refused(errno.EPERM)


def _when(number: int | None, block: Block) -> Block:
    """The block for one call; it always returns. None: this machine has no such call."""
    return [] if number is None else [_instruction(JUMP_EQUAL, number, 0, len(block)), *block]


def _load(argument: int, *, high: bool = False) -> Instruction:
    """One half of an argument; both machines are little-endian."""
    return _instruction(LOAD, ARGUMENTS_AT + 8 * argument + 4 * high)


def _unless_equal(value: int, skip: int) -> Instruction:
    return _instruction(JUMP_EQUAL, value, 0, skip)


def _one_of(argument: int, values: list[int]) -> Block:
    """Allowed where the argument is one of these 32-bit values."""
    tests = [_instruction(JUMP_EQUAL, value, len(values) - i, 0) for i, value in enumerate(values)]
    return [_load(argument), *tests, *_REFUSED, _ALLOWED]


def _no_bits(argument: int, bits: int, error: int = errno.EPERM) -> Block:
    """Allowed where the argument has none of these bits."""
    return [_load(argument), _instruction(JUMP_ANY_BIT, bits, 1, 0), _ALLOWED, *_refused(error)]


def _threads() -> Block:
    """A thread of this process, never another process; both flags must be there, and no namespace."""
    return [
        _load(0),
        _instruction(JUMP_ANY_BIT, NAMESPACES, 3, 0),
        _instruction(JUMP_ANY_BIT, THREAD & 0x00010000, 0, 2),
        _instruction(JUMP_ANY_BIT, THREAD & 0x00000100, 0, 1),
        _ALLOWED,
        *_REFUSED,
    ]
