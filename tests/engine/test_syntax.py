"""Reading Python's grammar: many threads at once, and what it raises."""

from __future__ import annotations

import gc
import threading
import time

import pytest

from engine import syntax
from engine.tasks import numbers


def test_many_threads_read_at_once() -> None:
    """Deep sums, and a collector that lets other threads in in the middle: what ended in a SystemError."""
    text = "+".join(["(1 + (2 * (3 + 4)))"] * 12)
    failed: list[SystemError] = []

    def read() -> None:
        try:
            for _ in range(150):
                assert syntax.expression(text) is not None
        except SystemError as error:
            failed.append(error)

    def let_others_in(phase: str, info: object) -> None:
        time.sleep(0.0001)

    before = gc.get_threshold()
    gc.callbacks.append(let_others_in)
    gc.set_threshold(10)
    try:
        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(let_others_in)
    assert failed == []


def test_literals_and_faults() -> None:
    assert syntax.literal("  [1, 'two']") == [1, "two"]
    with pytest.raises(ValueError, match="malformed"):
        syntax.literal("len([])")
    with pytest.raises(SyntaxError):
        syntax.parse("def")
    assert numbers.read("(30 / 2) +") is None
