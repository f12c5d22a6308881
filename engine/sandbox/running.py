"""Runs one program at one level to its end, or to ours: what it printed, what it replied, how it ended.

Knows pipes, the wall clock and how to leave no process behind. Does not know tests or verdicts.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.errors import ScorerUnavailable
from engine.sandbox import starting
from engine.sandbox.levels import Level
from engine.sandbox.limits import Limits

Stopped = Literal["", "time", "output"]
READ_BYTES = 64 << 10
LAST_MOMENTS_SECONDS = 0.2  # for a process that is done to end by itself
LAST_WORDS_SECONDS = 2.0  # for the kernel to close what a killed process held open
LOOK_EVERY_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run went.

    `replies` are what the confined process sent, of which the program may have made up any; `code` is an
    exit code, or minus a signal; `stopped` says whether Ponder ended it; `has_survivor` that something held
    its pipes open after all of it had been killed.
    """

    output: str
    replies: tuple[dict[str, Any], ...]
    code: int
    stopped: Stopped
    seconds: float
    has_survivor: bool = False

    def how_it_ended(self, limits: Limits) -> str:
        """In words that follow "the program"."""
        if self.stopped == "time":
            return f"took more than {limits.wall_seconds:g} s"
        if self.stopped == "output":
            return f"wrote more than {limits.output_bytes >> 10} KiB"
        if self.code == -signal.SIGKILL and self.seconds >= limits.cpu_seconds:
            return f"used more than {limits.cpu_seconds} s of processor time"
        if self.code < 0:
            return f"crashed ({signal.strsignal(-self.code) or f'signal {-self.code}'})"
        return f"ended early with exit code {self.code}"


def run_program(source: str, level: Level, limits: Limits = Limits(), *, stdin: str = "") -> Outcome:  # noqa: B008
    """Run a program as a script with that standard input; its output is what it printed.

    The last reply is {"ended": True} or {"raised": …}. Raises ScorerUnavailable where it was not confined.
    """
    return _run({"mode": "script", "source": source}, level, limits, stdin)


def call_program(
    source: str,
    entry: str,
    inputs: Sequence[Any],
    level: Level,
    limits: Limits = Limits(),  # noqa: B008
    *,
    is_spread: bool | None = None,
    preamble: str = "",
) -> Outcome:
    """Load a program and call its function `entry` (the last one, where "") with each input in turn.

    The preamble is run before it: what the problem defines.

    The replies: {"ready": True}, {"loaded": True}, and one for each input, as far as it came, each
    {"gave": …} or {"raised": …}; of a program that could not be loaded {"raised": …} is the second and last.
    Raises ScorerUnavailable where it was not confined.
    """
    request = {
        "mode": "call",
        "source": source,
        "preamble": preamble,
        "entry": entry,
        "inputs": list(inputs),
        "is_spread": is_spread,
    }
    return _run(request, level, limits, "")


def judge_program(
    source: str, request: dict[str, Any], level: Level, limits: Limits, *, preamble: str = ""
) -> tuple[Outcome, Outcome, dict[str, Any] | None]:
    """Run tests written in Python against a program, each in a process of its own.

    Returns how the program's process went, how the judge's did, and the judge's one reply, None where it did
    not come so far. The request is that of `inside.judge`. Raises ScorerUnavailable where one was
    not confined.
    """
    calls_in, calls_out = os.pipe()
    answers_in, answers_out = os.pipe()
    serving = {"mode": "serve", "source": source, "preamble": preamble, "calls": calls_in}
    judging = request | {"mode": "judge", "calls": calls_out, "answers": answers_in}
    try:
        program = _start(serving, level, limits, replies=answers_out, others=[calls_in])
        try:
            judge = _start(judging, level, limits, others=[calls_out, answers_in])
        except BaseException:
            program.kill()
            program.close()
            raise
    finally:
        for descriptor in (calls_in, calls_out, answers_in, answers_out):
            os.close(descriptor)
    _watch([judge, program], limits, until=judge)
    judged, outcome = judge.outcome(), program.outcome()
    if judged.replies and "broken" in judged.replies[-1]:
        raise ScorerUnavailable(f"The sandbox failed: {judged.replies[-1]['broken']}.")
    _check_confined(judged)
    return outcome, judged, judged.replies[1] if len(judged.replies) > 1 else None


def _run(request: dict[str, Any], level: Level, limits: Limits, stdin: str) -> Outcome:
    running = _start(request, level, limits, stdin=stdin)
    _watch([running], limits, until=running)
    outcome = running.outcome()
    _check_confined(outcome)
    return outcome


def _check_confined(outcome: Outcome) -> None:
    """A process that never said that it was confined has run nothing: no fault of the program."""
    replies = outcome.replies
    if replies and replies[0] == {"ready": True}:
        return
    why = replies[0].get("broken") if replies else f"it ended with code {outcome.code} at its start"
    if outcome.stopped == "time":
        why = f"it did not start within {outcome.seconds:.0f} s"
    raise ScorerUnavailable(f"The sandbox failed: {why}.")


class _Running:
    """A started process and what it has sent so far."""

    def __init__(
        self, process: subprocess.Popen[bytes], output: int, replies: int | None, limits: Limits
    ) -> None:
        self.process = process
        self.stopped: Stopped = ""
        self.has_survivor = False
        self.began = time.monotonic()
        self.seconds = 0.0
        self.received: dict[int, bytearray] = {output: bytearray()}
        self.most = {output: limits.output_bytes}
        if replies is not None:
            self.received[replies] = bytearray()
            self.most[replies] = limits.replies_bytes
        self.output, self.replies = output, replies
        self.open = set(self.received)

    def read(self, descriptor: int) -> None:
        """Take what has come; nothing more means that this pipe is closed."""
        data = os.read(descriptor, READ_BYTES)
        if not data:
            self.open.discard(descriptor)
            return
        room = self.most[descriptor] - len(self.received[descriptor])
        self.received[descriptor] += data[:room]
        if len(data) > room and not self.stopped:
            self.stopped = "output"

    def kill(self) -> None:
        """End all of it and wait for that."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.seconds = time.monotonic() - self.began

    def close(self) -> None:
        for descriptor in self.received:
            os.close(descriptor)

    def outcome(self) -> Outcome:
        replies: list[dict[str, Any]] = []
        if self.replies is not None:
            for line in bytes(self.received[self.replies]).split(b"\n")[:-1]:
                try:
                    reply = json.loads(line)
                except (ValueError, RecursionError):
                    break
                if not isinstance(reply, dict):
                    break
                replies.append(reply)
        code = self.process.returncode
        return Outcome(
            output=self.received[self.output].decode("utf-8", "replace"),
            replies=tuple(replies),
            # A process that waited for the program passes on a signal as 128 more.
            code=128 - code if 128 < code < 128 + signal.NSIG else code,
            stopped=self.stopped,
            seconds=self.seconds,
            has_survivor=self.has_survivor,
        )


def _start(
    request: dict[str, Any],
    level: Level,
    limits: Limits,
    *,
    stdin: str = "",
    replies: int | None = None,
    others: Sequence[int] = (),
) -> _Running:
    """With `replies` its replies go there; without, they are read here."""
    with _pipe() as (output_in, output_out), _pipe() as (replies_in, replies_out):
        process = starting.start(
            level,
            limits,
            request,
            stdin=stdin,
            output=output_out,
            replies=replies_out if replies is None else replies,
            others=others,
        )
        return _Running(process, os.dup(output_in), os.dup(replies_in) if replies is None else None, limits)


@contextlib.contextmanager
def _pipe() -> Generator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def _watch(all_of_them: Sequence[_Running], limits: Limits, *, until: _Running) -> None:
    """Read until `until` is done, anything has to be stopped, or the time is over; then end everything."""
    deadline = time.monotonic() + limits.wall_seconds
    with selectors.DefaultSelector() as selector:
        for running in all_of_them:
            for descriptor in running.open:
                selector.register(descriptor, selectors.EVENT_READ, running)
        try:
            while until.open and not any(running.stopped for running in all_of_them):
                left = deadline - time.monotonic()
                if left <= 0:
                    for running in all_of_them:
                        running.stopped = "time"
                    break
                _read_ready(selector, left)
                if until.replies is not None and until.replies not in until.open:
                    break  # nothing that counts can come any more
            _let_end(all_of_them, deadline)
        finally:
            for running in all_of_them:
                running.kill()
            deadline = time.monotonic() + LAST_WORDS_SECONDS
            while selector.get_map() and (left := deadline - time.monotonic()) > 0:
                _read_ready(selector, left)
            for running in all_of_them:
                running.has_survivor = bool(running.open)
                running.close()


def _read_ready(selector: selectors.BaseSelector, seconds: float) -> None:
    for key, _ in selector.select(seconds):
        running: _Running = key.data
        running.read(key.fd)
        if key.fd not in running.open:
            selector.unregister(key.fd)


def _let_end(all_of_them: Sequence[_Running], deadline: float) -> None:
    """A process that has closed its pipes is about to end: its own exit code says more than our signal.

    It is only looked at: until it has been waited for, its number is nobody else's and its group can be
    ended.
    """
    deadline = min(deadline, time.monotonic() + LAST_MOMENTS_SECONDS)
    for running in all_of_them:
        while hasattr(os, "waitid") and not running.stopped and time.monotonic() < deadline:
            if os.waitid(os.P_PID, running.process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
                break
            time.sleep(LOOK_EVERY_SECONDS)
