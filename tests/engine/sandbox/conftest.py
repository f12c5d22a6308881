"""The levels that this machine can give, and what lies outside of them."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.sandbox import escapes, levels
from engine.sandbox.levels import Level

SECRET = "a secret that no program may learn"


def _why_not(level: Level) -> str:
    return levels.why_not(level) or "; ".join(escapes.find_leaks(level))


@pytest.fixture(scope="session", params=levels.LEVELS, ids=lambda level: level.name)
def level(request: pytest.FixtureRequest) -> Level:
    """Each level that this machine can give, not the best alone."""
    if reason := _why_not(request.param):
        pytest.skip(f"the level “{request.param.name}” is not given here: {reason}")
    return request.param


@dataclass
class Outside:
    """What a program must not reach: files, sockets and a process, and whether it did."""

    folder: Path
    port: int
    name: str
    process: subprocess.Popen[bytes]
    heard: list[str] = field(default_factory=list)

    def names(self) -> dict[str, object]:
        return {
            "secret": self.folder / "secret",
            "folder": self.folder,
            "port": self.port,
            "name": self.name,
            "pid": self.process.pid,
        }


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret").write_text(SECRET)
    (folder / "outside.py").write_text(f"SECRET = {SECRET!r}\n")
    with closing(sqlite3.connect(folder / "base.db")) as base:
        base.execute("CREATE TABLE t (x)")
        base.execute("INSERT INTO t VALUES (?)", (SECRET,))
        base.commit()
    for path in folder.iterdir():
        path.chmod(0o666)
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    stream, datagram = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stream.bind(("127.0.0.1", 0))
    datagram.bind(stream.getsockname())
    by_path, by_name = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    by_path.bind(str(folder / "socket"))
    name = str(folder)
    sockets = [stream, by_path]
    if sys.platform == "linux":
        by_name.bind(f"\0{name}")
        sockets.append(by_name)
    found = Outside(folder, stream.getsockname()[1], name, process)
    for listening in sockets:
        listening.listen()
    threads = [threading.Thread(target=_hear, args=(one, found.heard), daemon=True) for one in sockets]
    threads.append(threading.Thread(target=_receive, args=(datagram, found.heard), daemon=True))
    for thread in threads:
        thread.start()
    yield found
    for one in (*sockets, datagram, by_name):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)  # wakes the thread
        one.close()
    process.communicate(b"\n")


def _hear(listening: socket.socket, heard: list[str]) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        heard.append(f"a connection to {listening}")
        connection.close()


def _receive(datagrams: socket.socket, heard: list[str]) -> None:
    while True:
        try:
            data = datagrams.recv(100)
        except OSError:
            return
        if data:
            heard.append("a datagram")
            continue
        return
