"""The C sources beside this file, compiled once for this machine and kept in the user's cache.

Knows the compiler and where its work lies. Does not know what the sources compute.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import platformdirs

FOLDER = Path(__file__).parent
SOURCES = ("step.c", "draw.c", "threads.c")
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC", "-pthread")
COMPILE_SECONDS = 120
OFF_VARIABLE = "PONDER_NATIVE"  # "0" switches it off


class NotBuilt(Exception):
    """The sources cannot be compiled or loaded here; the message says why."""


@functools.cache
def library() -> ctypes.CDLL:
    """The compiled sources. Raises NotBuilt with one sentence."""
    if os.environ.get(OFF_VARIABLE) == "0":
        raise NotBuilt(f"it is switched off by {OFF_VARIABLE}=0")
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise NotBuilt(f"there is no C compiler ({', '.join(COMPILERS)}) on the PATH")
    folder = Path(platformdirs.user_cache_dir("ponder", appauthor=False))
    built = folder / f"native-{_key(compiler)}.so"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not built.exists():
            _compile(compiler, built)
        loaded = ctypes.CDLL(str(built))
        loaded.ponder_step.restype = loaded.ponder_draw.restype = None
    except (OSError, AttributeError) as error:
        raise NotBuilt(f"it cannot be loaded: {error}") from None
    return loaded


def _key(compiler: str) -> str:
    """Names what was built from what, by what and for which processor."""
    parts = [path.read_bytes() for path in sorted(FOLDER.glob("*.[ch]"))]
    parts += [word.encode() for word in (compiler, *FLAGS, _processor())]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _compile(compiler: str, built: Path) -> None:
    """Compile beside the place, then move there at once: another process may do the same."""
    with tempfile.TemporaryDirectory(dir=built.parent) as work:
        fresh = Path(work) / built.name
        command = [compiler, *FLAGS, "-o", str(fresh), *(str(FOLDER / name) for name in SOURCES), "-lm"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise NotBuilt(f"{compiler} took more than {COMPILE_SECONDS} s") from None
        if done.returncode:
            first = next((line for line in done.stderr.splitlines() if "error" in line), "no reason given")
            raise NotBuilt(f"{compiler} cannot compile it: {first.strip()[:200]}")
        fresh.replace(built)


def _processor() -> str:
    """What `-march=native` depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    seen = (line for line in lines if line.startswith(("model name", "flags", "Features")))
    return " ".join(sorted(set(seen)))
