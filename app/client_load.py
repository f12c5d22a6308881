"""Many clients on one server: how soon each sees something, how long all takes, and whether anything fails.

Starts `python app.py` with the scripted model as a process of its own, and asks it by HTTP as a script does.
Knows the named endpoint `run`. Does not know what is inside the server. Every client has an address of its
own, so that they are as many owners, and makes one run after another with a pause, as a person does.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy

from engine.tasks import FAMILIES

CLIENTS = 30
SECONDS = 60.0
PAUSE_SECONDS = 1.0  # between two runs of one client: a person looks at the answer
STARTS_WITHIN_SECONDS = 120.0
ASKS_WITHIN_SECONDS = 120.0
STRATEGIES = ("chain_of_thought", "self_consistency", "best_of_n", "beam_search", "mcts")
FAMILIES_ASKED = ("countdown", "arithmetic", "story")


@dataclass(frozen=True, slots=True)
class Call:
    """One run as a client saw it: seconds until the first update with tokens in it, and until the record."""

    client: int
    first_seconds: float
    whole_seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """What all clients saw.

    Percentiles are over calls without errors, NaN where there is none. `fairness` is Jain's index over the
    clients' mean seconds, 1 where all are equal.
    """

    clients: int
    calls: int
    errors: int
    first_error: str
    seconds: float
    first_p50_seconds: float
    first_p95_seconds: float
    whole_p50_seconds: float
    whole_p95_seconds: float
    fairness: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(clients: int = CLIENTS, seconds: float = SECONDS) -> Load:
    """Start a server, let the clients work for so long, and say what they saw. Raises OSError."""
    with _server() as address:
        return load(address, "scripted", clients, seconds)


def load(
    address: str, model: str, clients: int, seconds: float, pause_seconds: float = PAUSE_SECONDS
) -> Load:
    """Let so many clients work on a server that runs; each begins within the first second."""
    calls: list[Call] = []
    begun = time.monotonic()
    until = begun + seconds

    def work(client: int) -> None:
        chance = random.Random(client)
        time.sleep(chance.random())
        while time.monotonic() < until:
            calls.append(_call(address, model, client, chance))
            time.sleep(pause_seconds)

    threads = [threading.Thread(target=work, args=(client,), daemon=True) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _summary(clients, calls, time.monotonic() - begun)


def _summary(clients: int, calls: Sequence[Call], seconds: float) -> Load:
    good = [call for call in calls if not call.error]
    bad = [call.error for call in calls if call.error]
    first = numpy.percentile([call.first_seconds for call in good] or [numpy.nan], [50, 95])
    whole = numpy.percentile([call.whole_seconds for call in good] or [numpy.nan], [50, 95])
    by_client: dict[int, list[float]] = {}
    for call in good:
        by_client.setdefault(call.client, []).append(call.whole_seconds)
    means = [sum(own) / len(own) for own in by_client.values()]
    fairness = sum(means) ** 2 / (len(means) * sum(mean**2 for mean in means)) if means else 0.0
    return Load(
        clients=clients,
        calls=len(calls),
        errors=len(bad),
        first_error=bad[0] if bad else "",
        seconds=round(seconds, 1),
        first_p50_seconds=round(float(first[0]), 3),
        first_p95_seconds=round(float(first[1]), 3),
        whole_p50_seconds=round(float(whole[0]), 3),
        whole_p95_seconds=round(float(whole[1]), 3),
        fairness=round(fairness, 3),
    )


def _call(address: str, model: str, client: int, chance: random.Random) -> Call:
    """One run by the endpoint `run`; whatever goes wrong is the call's error."""
    task = FAMILIES[chance.choice(FAMILIES_ASKED)]
    problem = task.generate(chance.choice(task.difficulties), chance).text
    data = [problem, chance.choice(STRATEGIES), model, None, {"max_tokens": 1000}, chance.randrange(2**31)]
    begun = time.monotonic()
    first = None
    try:
        base = f"{address}/gradio_api/call/run"
        with _ask(base, client, json.dumps({"data": [*data, None, None, True]}).encode()) as reply:
            event = json.load(reply)["event_id"]
        with _ask(f"{base}/{event}", client) as stream:
            for kind, said in _events(stream):
                if kind == "error":
                    return Call(client, 0, 0, f"the server said {said!r}")
                update = said[0] if isinstance(said, list) and said else {}
                is_record = "nodes" in update and isinstance(update["nodes"], list)
                if first is None and (is_record or update.get("spent_tokens")):
                    first = time.monotonic() - begun
                if kind == "complete" and is_record and first is not None:
                    status = update["status"]
                    error = "" if status in ("finished", "partial") else f"the run is {status}"
                    return Call(client, first, time.monotonic() - begun, error)
        return Call(client, 0, 0, "the stream ended without a record")
    except (urllib.error.URLError, OSError, ValueError, KeyError) as error:
        return Call(client, 0, 0, f"{type(error).__name__}: {error}")


def _ask(url: str, client: int, body: bytes | None = None) -> Any:
    own = f"10.0.{client // 250}.{client % 250 + 1}"
    headers = {"Content-Type": "application/json", "X-Forwarded-For": own}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - our own address
    return urllib.request.urlopen(request, timeout=ASKS_WITHIN_SECONDS)  # noqa: S310 - the same


def _events(stream: Any) -> Generator[tuple[str, Any]]:
    """Server-sent events as (kind, data)."""
    kind = ""
    for line in stream:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "data" and kind != "heartbeat":
            yield kind, json.loads(value)


@contextmanager
def _server() -> Generator[str]:
    """A server of its own with data of its own, on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    program = Path(__file__).resolve().parent.parent / "app.py"
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PONDER_DATA": folder}
        environment.pop("DATABASE_URL", None)
        process = subprocess.Popen(
            [sys.executable, str(program), "--port", str(port), "--model", "scripted"],
            cwd=program.parent, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait(address, process)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise OSError("The server of the benchmark did not start; `python app.py` says why.")
