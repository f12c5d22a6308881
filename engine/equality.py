"""Symbolic equality of two answers by math-verify, in a worker process that can be killed.

Knows how to ask and when to give up. Does not know where answers come from. math-verify guards itself with
alarm signals, which only a main thread may use, and model output can make symbolic algebra run for ever: so
it runs in a process of its own, and a question that takes too long costs that process its life.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import queue
import subprocess
import sys
import threading
from functools import lru_cache
from pathlib import Path

START_SECONDS = 60.0  # importing the algebra system on a slow machine
QUESTION_SECONDS = 5.0


class _Worker:
    """One child process that answers one JSON line for each JSON line it is sent."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "engine.equality"],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")  # the process ended

    def ask(self, question: dict[str, str], timeout_seconds: float) -> bool:
        """Raises queue.Empty after the timeout, OSError if the process is gone."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.lines.get(timeout=timeout_seconds)
        if not line:
            raise OSError("the worker process ended")
        return bool(json.loads(line)["is_equal"])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # the other end is gone
                    pipe.close()


_lock = threading.Lock()
_worker: _Worker | None = None


def is_equal(expected: str, answer: str) -> bool:
    """Whether math-verify finds the two equal; False where it cannot tell in five seconds.

    Not symmetric: the expected answer comes first. Safe from any thread.
    """
    with _lock:
        try:
            return _ask(expected, answer)
        except (OSError, ValueError):
            _stop()
            return False


@lru_cache(maxsize=4096)
def _ask(expected: str, answer: str) -> bool:
    """The worker's word, remembered, and that it took too long; a question that broke it is not."""
    worker = _started()
    try:
        return worker.ask({"expected": expected, "answer": answer}, QUESTION_SECONDS)
    except queue.Empty:  # everybody waits meanwhile: not twice for the same question
        _stop()
        return False


def _started() -> _Worker:
    """Raises OSError where it does not start in time."""
    global _worker
    if _worker is None:
        _worker = _Worker()
        # Anything with algebra in it, so that the worker has imported all it needs.
        try:
            _worker.ask({"expected": "\\frac{x}{2}", "answer": "0.5x"}, START_SECONDS)
        except queue.Empty:
            raise OSError("the worker process did not start in time") from None
    return _worker


def _stop() -> None:
    global _worker
    if _worker is not None:
        _worker.kill()
        _worker = None


atexit.register(_stop)


def _serve() -> None:
    """The worker's side: read questions, write verdicts, until the pipe closes."""
    import logging

    from math_verify import parse, verify

    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        question = json.loads(line)
        sides = [
            parse(f"${question[side]}$", parsing_timeout=None)  # pyright: ignore[reportArgumentType]
            for side in ("expected", "answer")
        ]
        is_same = bool(all(sides)) and verify(sides[0], sides[1], timeout_seconds=None)
        sys.stdout.write(json.dumps({"is_equal": bool(is_same)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
