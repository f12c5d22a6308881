"""Questions asked beside everything else: once each, remembered, and left where nobody waits any more."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from engine.sandbox import background


@pytest.fixture(autouse=True)
def release_all() -> Iterator[None]:
    yield
    for key in range(100):
        background.forget(key)


def test_a_question_is_asked_once() -> None:
    asked: list[int] = []
    futures = [background.ask(1, lambda: asked.append(1) or "answer", "me") for _ in range(5)]
    assert [future.result() for future in futures] == ["answer"] * 5
    assert asked == [1]
    known = background.known(1)
    assert known is not None
    assert known.result() == "answer"
    assert background.known(2) is None


def test_a_failure_is_remembered_until_it_is_forgotten() -> None:
    future = background.ask(3, lambda: 1 / 0, "me")
    assert isinstance(future.exception(), ZeroDivisionError)
    assert background.ask(3, lambda: "no", "me") is future
    assert background.known(3) is None
    background.forget(3)
    assert background.ask(3, lambda: "answer", "me").result() == "answer"


def test_what_nobody_waits_for_is_not_begun() -> None:
    gate, begun = threading.Event(), threading.Event()
    busy = [background.ask(("busy", i), gate.wait, "other") for i in range(64)]  # more than there are threads
    left = background.ask(4, begun.set, "me")
    shared = background.ask(5, lambda: "answer", "me")
    background.ask(5, lambda: "answer", "other")
    background.release("me")
    gate.set()
    assert [future.result() for future in busy] == [True] * 64
    assert shared.result() == "answer"
    assert not begun.is_set()
    assert not left.done()
    background.ask(4, begun.set, "me").result()
    assert begun.is_set()
    for i in range(64):
        background.forget(("busy", i))
