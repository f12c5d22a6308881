"""In which order the writer stores: who opens a run waits for that alone, not for what others have grown."""

from __future__ import annotations

import threading
import time

import pytest

from storage import writer
from storage.store import Store
from tests.storage.examples import finish, finished_run, grow_step, new_run

OTHERS = 6


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of runs as they are stored; each takes its time, so that something is always under way."""
    stored: list[str] = []
    real = writer.store

    def slow(session, progress, name, with_growing_text):
        time.sleep(0.02)
        stored.append(progress.run.id)
        return real(session, progress, name, with_growing_text)

    monkeypatch.setattr(writer, "store", slow)
    return stored


def test_a_new_run_is_stored_before_the_rest_of_what_others_have_grown(
    store: Store, order: list[str]
) -> None:
    others = [new_run() for _ in range(OTHERS)]
    with store.together():
        for run in others:
            store.opened(run)
    for run in others:
        grow_step(run, 0)
    order.clear()
    saving = threading.Thread(target=store.flush)
    saving.start()
    while not order:
        time.sleep(0.001)
    new = new_run()
    store.opened(new)
    assert new.id in order
    assert order.index(new.id) < OTHERS - 1
    saving.join()
    assert set(order) >= {run.id for run in others}
    for run in others:
        assert len(store.load(run.id).tree.nodes) == 2


def test_what_has_grown_is_stored_however_many_come(store: Store, order: list[str]) -> None:
    old = new_run()
    store.opened(old)
    grow_step(old, 0)
    finish(old)
    stop = threading.Event()

    def come() -> None:
        while not stop.is_set():
            store.opened(new_run())

    visitors = [threading.Thread(target=come) for _ in range(3)]
    for visitor in visitors:
        visitor.start()
    store.closed(old)
    store.flush()
    assert store.load(old.id).status == "finished"
    stop.set()
    for visitor in visitors:
        visitor.join()


def test_runs_from_elsewhere_are_whole_once_they_are_kept(store: Store, order: list[str]) -> None:
    runs = [finished_run() for _ in range(OTHERS)]
    assert store.adopt(runs) == OTHERS
    for run in runs:
        assert store.load(run.id).record() == run.record()
