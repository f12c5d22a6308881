"""Real servers for the browser tests: each a process of its own, with a data folder of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_WITHIN_SECONDS = 180  # promised within 10 on a machine of its own


@dataclass(frozen=True, slots=True)
class Site:
    """A server that answers at its address."""

    address: str


@contextmanager
def serving(command: Sequence[str], data: Path) -> Generator[Site]:
    """Start `python …command --port FREE` and stop it at the end."""
    port = free_port()
    environment = os.environ | {"PONDER_DATA": str(data), "PYTHONWARNINGS": "ignore"}
    environment.pop("DATABASE_URL", None)
    log = data.parent / f"{data.name}.log"
    data.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command, "--port", str(port)],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, process, log)
            yield Site(address)
            assert process.poll() is None, f"The server stopped by itself:\n{log.read_text()}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the page is served; fail with the server's own words if it never is."""
    until = time.monotonic() + START_WITHIN_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"No page at {address}:\n{log.read_text()}")


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
