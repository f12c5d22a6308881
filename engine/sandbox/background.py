"""Programs run beside everything else: each question once, as many at a time as there are processors.

Knows questions by their keys, who waits for each, and the answers. Does not know what is asked. Its threads
are daemons: a program dies with the thread that started it, so none outlives Ponder's end.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

MAX_REMEMBERED = 4096


@dataclass(eq=False, slots=True)
class _Question:
    """`owners` are those who want the answer; nobody does any more where the set is empty."""

    key: Hashable
    find_out: Callable[[], Any]
    future: Future[Any] = field(default_factory=Future)
    owners: set[Hashable] = field(default_factory=set)


_questions: OrderedDict[Hashable, _Question] = OrderedDict()
_work: queue.SimpleQueue[_Question] = queue.SimpleQueue()
_workers: list[threading.Thread] = []
_changed = threading.Condition()


def ask(key: Hashable, find_out: Callable[[], Any], owner: Hashable) -> Future[Any]:
    """The answer to `key`: known, on its way, or begun now by calling `find_out` on another thread."""
    with _changed:
        question = _questions.get(key)
        if question is None:
            question = _questions[key] = _Question(key, find_out)
            _work.put(question)
            if len(_workers) < (os.cpu_count() or 1):
                _workers.append(threading.Thread(target=_serve, name="ponder-programs", daemon=True))
                _workers[-1].start()
            while len(_questions) > MAX_REMEMBERED and next(iter(_questions.values())).future.done():
                _questions.popitem(last=False)
        if not question.future.done():
            question.owners.add(owner)
        return question.future


def known(key: Hashable) -> Future[Any] | None:
    """The answer where it has been found; nothing is begun."""
    with _changed:
        question = _questions.get(key)
        is_known = question is not None and question.future.done() and question.future.exception() is None
        return question.future if question is not None and is_known else None


def forget(key: Hashable) -> None:
    """Ask it anew the next time: a failure is no answer."""
    with _changed:
        _questions.pop(key, None)


def release(owner: Hashable) -> None:
    """This owner waits no more: what only it had asked for, and has not begun, is left."""
    with _changed:
        for question in [one for one in _questions.values() if owner in one.owners]:
            question.owners.discard(owner)


def wait(seconds: float) -> None:
    """Return when a question has been answered, or after that long."""
    with _changed:
        _changed.wait(seconds)


def _serve() -> None:
    while True:
        question = _work.get()
        with _changed:
            if not question.owners:
                if _questions.get(question.key) is question:
                    del _questions[question.key]
                continue
        try:
            result = question.find_out()
        except BaseException as error:  # noqa: BLE001 - whoever asked hears of it
            question.future.set_exception(error)
        else:
            question.future.set_result(result)
        with _changed:
            question.owners.clear()
            _changed.notify_all()
