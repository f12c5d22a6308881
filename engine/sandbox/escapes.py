"""What a level must withstand before any program runs at it: the self-test.

One program tries every way out, each such that nothing is harmed where it is open, and names those that were
open; others fill memory, files and pipes or never end; one is an ordinary program, which must work. Judged
here, by what arrived, not by what a program says.
"""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from engine.errors import ScorerUnavailable
from engine.sandbox.levels import Level
from engine.sandbox.limits import Limits
from engine.sandbox.running import Outcome, run_program

LIMITS = Limits(cpu_seconds=5, wall_seconds=20.0, memory_bytes=160 << 20)
SHORT_SECONDS = 1.0
AT_ONCE = 2
SECRET = "the secret of the self-test"  # noqa: S105

WAYS_OUT = """
import ctypes, os, resource, signal, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
PARENT, FILE, FOLDER, PORT, NAME = {pid}, {file!r}, {folder!r}, {port}, {name!r}
X86 = os.uname().machine == "x86_64"

def call(x86, arm, *arguments):
    values = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    if libc.syscall(x86 if X86 else arm, *values) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def connect(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as one:
        one.settimeout(1)
        one.connect(address)

def send(kind):
    with socket.socket(socket.AF_INET, kind) as one:
        one.sendto(b"x", ("127.0.0.1", PORT))

def listen():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()

def fork():
    if os.fork() == 0:
        os._exit(0)

def mount():
    # Onto nothing, so that nothing happens where it is allowed: then it is the folder that is missing.
    try:
        call(165, 40, b"none", b"/no/such/folder", b"tmpfs", 0, None)
    except FileNotFoundError:
        pass

def trace():
    # To let go of what is not held: where tracing is allowed, that is what is wrong.
    try:
        call(101, 117, 17, PARENT, 0, 0)
    except ProcessLookupError:
        pass

def keep_memory():
    kept = libc.shmget(0, 4096, 0o1600)
    if kept < 0:
        raise OSError(ctypes.get_errno(), "refused")
    libc.shmctl(kept, 0, None)

def own_limits_up():
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (hard + 100, hard + 100))

def signal_by_descriptor():
    import fcntl
    fcntl.fcntl(1, fcntl.F_SETOWN, PARENT)

def send_from_pair():
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(b"x", FOLDER + "/socket")

WAYS = {{
    "read a file": lambda: open(FILE).read(),
    "read a file of accounts": lambda: open("/etc/passwd").read(),
    "list a folder": lambda: os.listdir(FOLDER),
    "read another process": lambda: open(f"/proc/{{PARENT}}/environ", "rb").read(),
    "read the first process": lambda: open("/proc/1/environ", "rb").read(),
    "change a file": lambda: open(FILE, "a").write("x"),
    "cut a file short": lambda: os.truncate(FILE, 0),
    "cut a file short while opening": lambda: os.open(FILE, os.O_RDONLY | os.O_TRUNC),
    "change a mode": lambda: os.chmod(FILE, 0o777),
    "change a date": lambda: os.utime(FILE, (1, 1)),
    "remove a file": lambda: os.unlink(FILE),
    "make a file": lambda: open(FOLDER + "/new", "w"),
    "make a folder": lambda: os.mkdir(FOLDER + "/new"),
    "make a link": lambda: os.symlink("/etc/passwd", FOLDER + "/link"),
    "connect": lambda: connect(socket.AF_INET, ("127.0.0.1", PORT)),
    "connect by a path": lambda: connect(socket.AF_UNIX, FOLDER + "/socket"),
    "connect by a name": lambda: connect(socket.AF_UNIX, "\\0" + NAME),
    "send a datagram": lambda: send(socket.SOCK_DGRAM),
    "send a raw packet": lambda: send(socket.SOCK_RAW),
    "send from a pair": send_from_pair,
    "listen": listen,
    "signal Ponder": lambda: os.kill(PARENT, 0),
    "signal its group": lambda: os.killpg(os.getpgid(PARENT), 0),
    "signal by a descriptor": signal_by_descriptor,
    "look at Ponder's limits": lambda: resource.prlimit(PARENT, resource.RLIMIT_CPU),
    "read Ponder's memory": lambda: call(310, 270, PARENT, None, 0, None, 0, 0),
    "hold on to Ponder": lambda: call(434, 434, PARENT, 0),
    "slow Ponder down": lambda: os.setpriority(0, PARENT, os.getpriority(0, PARENT)),
    "another process": fork,
    "another session": os.setsid,
    "another group": lambda: os.setpgid(0, 0),
    "another user namespace": lambda: call(272, 97, 0x10000000),
    "another root": lambda: os.chroot("/"),
    "mount": mount,
    "memory that stays": keep_memory,
    "a file in memory": lambda: call(319, 279, b"x", 0),
    "an asynchronous ring": lambda: call(425, 425, 1, ctypes.create_string_buffer(120)),
    "a kernel program": lambda: call(321, 280, 0, ctypes.create_string_buffer(128), 128),
    "a key": lambda: call(248, 217, b"user", b"x", b"x", 1, -1),
    "trace": trace,
    "own limits up": own_limits_up,
    "be root": lambda: os.setresuid(0, 0, 0) if os.getuid() else os.setgid(12345),
    "another program": lambda: os.execve(sys.executable, [sys.executable, "-c", ""], {{}}),
}}
for name, attempt in WAYS.items():
    try:
        attempt()
    except (OSError, ValueError):
        continue
    print(name, flush=True)
print("done")
"""

ORDINARY = """
import bisect, collections, copy, dataclasses, datetime, decimal, fractions, functools, hashlib, heapq
import itertools, json, math, random, re, statistics, string, typing
print(hashlib.sha256(b"x").hexdigest()[:8], json.dumps(sorted({3, 1, 2})), math.gcd(12, 18), input())
"""
MEMORY = """
kept = []
try:
    while len(kept) < 1000:
        kept.append(bytearray(4 << 20))
except MemoryError:
    kept = [len(kept)]
print(kept[0])
"""
FILES = """
import os
written, part, names = 0, b"x" * 65536, []
while written <= {most}:
    names.append(f"ponder-self-test-{{os.getpid()}}-{{len(names)}}")
    try:
        with open(names[-1], "wb") as file:
            while written <= {most}:
                written += file.write(part)
    except OSError as error:
        if error.errno != 27:  # a file may not grow further, others may
            break
print(written)
for name in names:
    try:
        os.unlink(name)
    except OSError:
        pass
"""
ENDLESS = """
import signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
time.sleep(1000)
"""


def find_leaks(level: Level) -> list[str]:
    """What did not hold, each in a few words; empty where the level withstands everything."""
    checks: list[Callable[[Level], list[str]]] = [_ordinary, _ways_out, _memory, _files, _endless, _flood]
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [leak for leaks in pool.map(lambda check: check(level), checks) for leak in leaks]
    except ScorerUnavailable as error:
        return [str(error).removeprefix("The sandbox failed: ").rstrip(".")]
    except OSError as error:
        return [error.strerror or str(error)]


def _ordinary(level: Level) -> list[str]:
    outcome = run_program(ORDINARY, level, replace(LIMITS, memory_bytes=Limits().memory_bytes), stdin="yes\n")
    if outcome.output == "2d711642 [1, 2, 3] 6 yes\n":
        return []
    return [f"an ordinary program does not run ({_said(outcome)})"]


def _ways_out(level: Level) -> list[str]:
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket() as port,
        socket.socket(socket.AF_UNIX) as path,
    ):
        Path(folder).chmod(0o755)
        file = Path(folder) / "secret"
        file.write_text(SECRET)
        file.chmod(0o666)
        port.bind(("127.0.0.1", 0))
        port.listen()
        path.bind(f"{folder}/socket")
        path.listen()
        with socket.socket(socket.AF_UNIX) as name:
            name.bind(f"\0{folder}")
            name.listen()
            number = port.getsockname()[1]
            source = WAYS_OUT.format(pid=os.getpid(), file=str(file), folder=folder, port=number, name=folder)
            outcome = run_program(source, level, LIMITS)
        if not file.exists() or file.read_text() != SECRET or {"new", "link"} & set(os.listdir(folder)):
            outcome = replace(outcome, output=f"it changed files\n{outcome.output}")
    *leaks, last = outcome.output.splitlines() or [""]
    return leaks if last == "done" else [*leaks, f"it left the self-test ({_said(outcome)})"]


def _memory(level: Level) -> list[str]:
    outcome = run_program(MEMORY, level, LIMITS)
    blocks = outcome.output.strip()
    is_held = blocks.isdecimal() and int(blocks) * (4 << 20) < LIMITS.memory_bytes
    return [] if is_held else [f"memory is not limited ({_said(outcome)})"]


def _files(level: Level) -> list[str]:
    most = LIMITS.scratch_bytes if level.has_scratch else 0
    outcome = run_program(FILES.format(most=most), level, LIMITS)
    written = outcome.output.strip()
    return (
        [] if written.isdecimal() and int(written) <= most else [f"files are not limited ({_said(outcome)})"]
    )


def _endless(level: Level) -> list[str]:
    outcome = run_program(ENDLESS, level, replace(LIMITS, wall_seconds=SHORT_SECONDS))
    return [] if outcome.stopped == "time" and not outcome.has_survivor else ["it outlived its end"]


def _flood(level: Level) -> list[str]:
    outcome = run_program("while True: print('x' * 4096)", level, LIMITS)
    is_held = outcome.stopped == "output" and len(outcome.output) <= LIMITS.output_bytes
    return [] if is_held else ["output is not limited"]


def _said(outcome: Outcome) -> str:
    """A short account of an outcome that should have been another."""
    raised = [reply["raised"] for reply in outcome.replies if "raised" in reply]
    what = f"{raised[0]['type']}: {raised[0]['message']}" if raised else outcome.output[-60:]
    end = signal.strsignal(-outcome.code) if outcome.code < 0 else f"exit code {outcome.code}"
    return " ".join(f"{what} {end}".split())
