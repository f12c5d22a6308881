"""Programs that try to get out, to stay, or to take everything. Each prints ESCAPED where it got its way.

`$` names stand for what the tests put outside: a secret, a folder, listening sockets, a process.
"""

# ruff: noqa: E501 - a program is easier to read whole than wrapped
from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import Literal

End = Literal["any", "time", "output"]

LIBC = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"
def syscall(x86, arm, *arguments):
    return libc.syscall(x86 if X86 else arm, *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
"""
CONNECT = """
import socket
def reach(family, kind, address):
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)
        one.send(b"hello")
    print("ESCAPED")
"""
CALLED = """
if {call} >= 0:
    print("ESCAPED")
"""


@dataclass(frozen=True, slots=True)
class Hostile:
    """`end`: how it must end, where that is known; `most`: the largest number that it may print."""

    source: str
    end: End = "any"
    most: int | None = None

    def written(self, **outside: object) -> str:
        return Template(self.source).substitute(outside)


def _call(x86: int, arm: int, *arguments: str) -> Hostile:
    """A system call that must fail."""
    call = f"syscall({', '.join([str(x86), str(arm), *arguments])})"
    return Hostile(LIBC + CALLED.format(call=call))


def _says(source: str) -> Hostile:
    """A program that has escaped if it comes to its end."""
    return Hostile(f"{source}\nprint('ESCAPED')\n")


FILES = {
    "reads a file": Hostile("print(open('$secret').read())"),
    "reads the accounts": _says("open('/etc/passwd').read()"),
    "reads passwords": _says("open('/etc/shadow').read()"),
    "reads by a symbolic link": Hostile(
        "import os\nos.symlink('$secret', 'link')\nprint(open('link').read())"
    ),
    "reads by a hard link": Hostile("import os\nos.link('$secret', 'link')\nprint(open('link').read())"),
    "reads by its own root": Hostile("print(open('/proc/self/root$secret').read())"),
    "reads by another's root": Hostile("print(open('/proc/$pid/root$secret').read())"),
    "reads by climbing": Hostile("print(open('../' * 40 + '$secret'[1:]).read())"),
    "reads by a folder's descriptor": Hostile(
        "import os\nfolder = os.open('/', os.O_PATH)\nprint(os.read(os.open('$secret'[1:], os.O_RDONLY, dir_fd=folder), 99))"
    ),
    "reads by the C library": Hostile(LIBC + "print(os.read(libc.open(b'$secret', 0), 99))"),
    "reads by a handle": _call(304, 265, "-100", "ctypes.create_string_buffer(64)", "0"),
    "imports from outside": Hostile(
        "import sys\nsys.path.insert(0, '$folder')\nimport outside\nprint(outside.SECRET)"
    ),
    "opens a database": Hostile(
        "import sqlite3\nprint(sqlite3.connect('$folder/base.db').execute('SELECT * FROM t').fetchall())"
    ),
    "lists a folder": Hostile("import os\nprint('ESCAPED' if 'secret' in os.listdir('$folder') else '')"),
    "lists homes": _says("import os\n(os.listdir('/home') + os.listdir('/root'))[0]"),
    "reads the environment of others": _says("open('/proc/$pid/environ', 'rb').read()"),
    "has an environment": Hostile(
        "import os\nprint('ESCAPED' if set(os.environ) - {'PWD', 'LC_CTYPE'} else '')"
    ),
    "has descriptors of Ponder": Hostile(
        "import os\nfor number in range(3, 256):\n"
        "    try:\n        os.lseek(number, 0, 0)\n        print('ESCAPED', number)\n    except OSError:\n        pass"
    ),
    "writes outside": _says("open('$folder/new', 'w').write('x')"),
    "appends": _says("open('$secret', 'a').write('x')"),
    "cuts short": _says("import os\nos.truncate('$secret', 0)"),
    "cuts short by opening": _says("import os\nos.open('$secret', os.O_RDONLY | os.O_TRUNC)"),
    "deletes": _says("import os\nos.unlink('$secret')"),
    "renames": _says("import os\nos.rename('$secret', '$folder/other')"),
    "changes a mode": _says("import os\nos.chmod('$secret', 0o777)"),
    "changes a date": _says("import os\nos.utime('$secret', (1, 1))"),
    "changes an attribute": _says("import os\nos.setxattr('$secret', 'user.x', b'x')"),
    "writes into Python's library": _says(
        "import os\nopen(os.path.dirname(os.__file__) + '/planted.py', 'w')"
    ),
    "makes a device": _says(
        "import os, stat\nos.mknod('disk', 0o666 | stat.S_IFBLK, os.makedev(254, 0))\nopen('disk', 'rb').read(1)"
    ),
    "writes shared memory": _says("open('/dev/shm/planted', 'w').write('x')"),
}

NETWORK = {
    "connects": Hostile(CONNECT + "reach(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', $port))"),
    "connects by IPv6": Hostile(CONNECT + "reach(socket.AF_INET6, socket.SOCK_STREAM, ('::1', $port))"),
    "connects by a path": Hostile(CONNECT + "reach(socket.AF_UNIX, socket.SOCK_STREAM, '$folder/socket')"),
    "connects by a name": Hostile(CONNECT + "reach(socket.AF_UNIX, socket.SOCK_STREAM, '\\0$name')"),
    "sends a datagram": Hostile(CONNECT + "reach(socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', $port))"),
    "sends raw packets": _says("import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"),
    "listens": _says("import socket\nsocket.create_server(('127.0.0.1', 0))"),
    "looks up a name": _says("import socket\nsocket.getaddrinfo('localhost', 80)[0]\nsocket.socket()"),
    "fetches a page": _says(
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:$port/', timeout=2)"
    ),
    "connects without waiting": _says(
        "import asyncio\nasyncio.run(asyncio.wait_for(asyncio.open_connection('127.0.0.1', $port), 2))"
    ),
    "sends from a pair": _says(
        "import socket\none, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\none.sendto(b'x', '$folder/socket')"
    ),
    "asks the kernel's network": _says("import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)"),
}

PROCESSES = {
    "kills a process": _says("import os\nos.kill($pid, 9)"),
    "kills everything": _says("import os\nos.kill(-1, 9)"),
    "kills its parent": Hostile(
        "import os\nif os.getppid() > 1:\n    os.kill(os.getppid(), 9)\n    print('ESCAPED')"
    ),
    "kills a group": _says("import os\nos.killpg(os.getpgid($pid), 9)"),
    "kills by a descriptor": _says(
        "import fcntl, os, signal\nend, other = os.pipe()\nfcntl.fcntl(end, fcntl.F_SETOWN, $pid)\n"
        "fcntl.fcntl(end, 10, signal.SIGKILL)\nfcntl.fcntl(end, fcntl.F_SETFL, os.O_ASYNC)\nos.write(other, b'x')"
    ),
    "forks a daemon": Hostile(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(600)\n"
        "    os._exit(0)\nprint('ESCAPED')"
    ),
    "forks by the C library": Hostile(LIBC + "pid = libc.vfork()\nprint('ESCAPED' if pid > 0 else '')"),
    "clones by hand": _call(56, 220, "17", "0", "0", "0", "0"),
    "clones without a handler": _call(56, 220, "0", "0", "0", "0", "0"),
    "starts a command": _says("import subprocess\nsubprocess.run(['/bin/true'])"),
    "starts a shell": Hostile("import os\nos.system('echo ESCAPED')"),
    "becomes a shell": Hostile("import os\nos.execv('/bin/sh', ['sh', '-c', 'echo ESCAPED'])"),
    "spawns": _says("import os\nos.posix_spawn('/bin/true', ['true'], {})"),
    "spawns Pythons": _says("import multiprocessing\nmultiprocessing.Process(target=print).start()"),
    "becomes a file in memory": _says(
        "import os\nfile = os.memfd_create('x')\nos.write(file, b'#!/bin/sh')\nos.execve(file, ['x'], {})"
    ),
    "leaves its session": _says("import os\nos.setsid()"),
    "leaves its group": _says("import os\nos.setpgid(0, 0)"),
    "traces": _call(101, 117, "16", "$pid", "0", "0"),
    "reads another's memory": _call(310, 270, "$pid", "None", "0", "None", "0", "0"),
    "limits another": _says("import resource\nresource.prlimit($pid, resource.RLIMIT_CPU)"),
    "slows another down": _says("import os\nos.setpriority(os.PRIO_PROCESS, $pid, 19)"),
    "forgets its parent": Hostile(LIBC + "print('ESCAPED' if libc.prctl(1, 0, 0, 0, 0) == 0 else '')"),
}  # fmt: skip

KERNEL = {
    "makes namespaces": _call(272, 97, "0x10000000"),
    "mounts": _call(165, 40, "b'none'", "b'/tmp'", "b'tmpfs'", "0", "None"),
    "changes root": _says("import os\nos.chroot('.')"),
    "keeps memory for later": _call(29, 194, "0", "4096", "0o1600"),
    "makes a ring": _call(425, 425, "1", "ctypes.create_string_buffer(120)"),
    "loads a kernel program": _call(321, 280, "0", "ctypes.create_string_buffer(128)", "128"),
    "adds a key": _call(248, 217, "b'user'", "b'x'", "b'x'", "1", "-1"),
    "handles page faults": _call(323, 282, "1"),
    "counts events": _call(298, 241, "ctypes.create_string_buffer(128)", "0", "-1", "-1", "0"),
    "uses a call of the future": _call(999, 999),
    "uses the other calling convention": Hostile(
        LIBC + "if X86:\n    import mmap\n"
        "    page = mmap.mmap(-1, 4096, prot=7)\n"
        # mov eax, 20 (getpid among the 32-bit calls); int 0x80; ret
        "    page.write(bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3]))\n"
        "    address = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "    print('ESCAPED', ctypes.CFUNCTYPE(ctypes.c_int)(address)())"
    ),
    "raises its limits": _says(
        "import resource\nsoft, hard = resource.getrlimit(resource.RLIMIT_AS)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (hard * 2, hard * 2))"
    ),
    "becomes root": Hostile(
        LIBC
        + "import resource\nos.setresuid(0, 0, 0)\nsyscall(165, 40, b'none', b'/', b'tmpfs', 0, None) == 0 and print('ESCAPED')"
    ),
}

BOMBS = {
    "never ends": Hostile("while True: pass"),
    "sleeps": Hostile("import time\ntime.sleep(1000)", "time"),
    "hears no signal": Hostile(
        "import signal, time\nfor number in range(1, 65):\n    try: signal.signal(number, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\nwhile True: time.sleep(1)", "time"
    ),
    "backtracks": Hostile("import re\nre.match('(a+)+b', 'a' * 60)"),
    "raises a power": Hostile("print(len(bin(9 ** 9 ** 9)))"),
    "fills memory": Hostile(
        "kept = []\ntry:\n    while True: kept.append(bytearray(1 << 20))\nexcept MemoryError: size = len(kept); del kept\nprint(size << 20)",
        most=256 << 20,
    ),
    "fills memory again and again": Hostile(
        "while True:\n    try: kept = 'x' * (1 << 34)\n    except MemoryError: pass", "any"
    ),
    "maps memory": Hostile(
        "import mmap\nkept = []\ntry:\n    while True:\n        kept.append(mmap.mmap(-1, 1 << 20))\n        kept[-1].write(b'x' * (1 << 20))\n"
        "except (OSError, MemoryError): size = len(kept)\nprint(size << 20)",
        most=256 << 20,
    ),
    "fills pipes": Hostile(
        "import os\nsize = 0\ntry:\n    while True:\n        out, into = os.pipe()\n        os.set_blocking(into, False)\n"
        "        try:\n            while True: size += os.write(into, b'x' * 65536)\n        except BlockingIOError: pass\n"
        "except OSError: pass\nprint(size)",
        most=8 << 20,
    ),
    "widens pipes": Hostile("import fcntl, os\nprint(fcntl.fcntl(os.pipe()[1], 1031, 1 << 20))", most=0),
    "writes a large file": Hostile(
        "size, file = 0, open('x', 'wb', buffering=0)\ntry:\n    while True: size += file.write(b'x' * 65536)\nexcept OSError: pass\nprint(size)",
        most=1 << 20,
    ),
    "writes many files": Hostile(
        "import errno\nsize, number = 0, 0\nwhile True:\n    try:\n        with open(f'{number}', 'wb', buffering=0) as file: size += file.write(b'x' * 4096)\n"
        "    except OSError: break\n    number += 1\nprint(size)",
        most=16 << 20,
    ),
    "makes many folders": Hostile(
        "import os\nnumber = 0\nwhile True:\n    try: os.mkdir(f'{number}')\n    except OSError: break\n    number += 1\nprint(number)",
        most=2000,
    ),
    "makes a file with holes": Hostile(
        "file = open('x', 'wb')\nfile.truncate(1 << 40)\nprint(1 << 40)", most=1 << 20
    ),
    "floods its output": Hostile("while True: print('x' * 1000)", "output"),
    "floods by descriptor": Hostile("import os\nwhile True: os.write(1, b'x' * 65536)", "output"),
    "floods its errors": Hostile("import sys\nwhile True: sys.stderr.write('x' * 65536)"),
    "floods its replies": Hostile(
        "import os\nwhile True:\n    for number in range(3, 20):\n        try: os.write(number, b'x' * 65536)\n        except OSError: pass"
    ),
    "forks and forks": Hostile(
        "import os\ncount = 0\nfor _ in range(100000):\n    try:\n        os.fork()\n        count += 1\n    except OSError: break\nprint(count)",
        most=0,
    ),
    "starts threads": Hostile(
        "import threading, time\nthreading.stack_size(32768)\ncount = 0\ntry:\n    while True:\n"
        "        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n        count += 1\n"
        "except RuntimeError: pass\nprint(count, flush=True)\nimport os\nos._exit(0)",
        most=64,
    ),
    "clones threads by hand": Hostile(
        LIBC + "import mmap\nFLAGS = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000\n"
        "PAUSE = ctypes.cast(libc.pause, ctypes.c_void_p).value\ncount = 0\n"
        "stacks = []\n"
        "for _ in range(20000):\n    stack = ctypes.create_string_buffer(4096)\n    stacks.append(stack)\n"
        "    top = (ctypes.addressof(stack) + 4000) & ~15\n"
        "    if libc.clone(ctypes.c_void_p(PAUSE), ctypes.c_void_p(top), FLAGS, None) < 0: break\n    count += 1\n"
        "print(count, flush=True)\nos._exit(0)",
        most=64,
    ),
    "opens everything": Hostile(
        "import os\ncount = 0\ntry:\n    while True:\n        os.open('/dev/null', os.O_RDONLY)\n        count += 1\nexcept OSError: pass\nprint(count)",
        most=64,
    ),
    "recurses": Hostile("import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): f()\nf()"),
    "crashes": Hostile("import ctypes\nctypes.string_at(0)"),
    "aborts": Hostile("import os\nos.abort()"),
    "closes everything": Hostile("import os, time\nos.closerange(0, 256)\ntime.sleep(1000)"),
    "does not let go": Hostile(
        "import atexit, sys, time\nclass Last:\n    def __del__(self): time.sleep(1000)\nkept = Last()\n"
        "atexit.register(time.sleep, 1000)\nsys.exit()"
    ),
    "unpacks a bomb": Hostile("import zlib\nprint(len(zlib.decompress(zlib.compress(b'x' * (200 << 20))) * 4))", most=256 << 20),
}  # fmt: skip

PROGRAMS: dict[str, Hostile] = FILES | NETWORK | PROCESSES | KERNEL | BOMBS
