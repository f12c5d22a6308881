"""In which order the writer stores, and who is told when something cannot be stored."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from engine.errors import StorageError
from engine.runs import Run
from storage import writer
from storage.store import Store
from tests.storage.examples import finished_run, grow_step, new_run

Before = Callable[[writer.Progress], None]
MANY = 6
SECONDS = 20


@pytest.fixture
def before_each(monkeypatch: pytest.MonkeyPatch) -> Callable[[Before], None]:
    """before_each(act): `act` is called on the writing thread before a run is written, and may raise."""
    real = writer.store

    def patch(act: Before) -> None:
        def store(session: Any, progress: writer.Progress, name: str, with_growing_text: bool):
            act(progress)
            return real(session, progress, name, with_growing_text)

        monkeypatch.setattr(writer, "store", store)

    return patch


def open_together(store: Store, runs: list[Run]) -> None:
    with store.together():
        for run in runs:
            store.opened(run)


def test_whoever_opens_a_run_waits_for_no_more_than_one_that_has_grown(
    store: Store, before_each: Callable[[Before], None]
) -> None:
    others, news = ([new_run() for _ in range(MANY)] for _ in range(2))
    open_together(store, others)
    for run in others:
        grow_step(run, 0)
    order: list[str] = []
    thread = store._writer  # who waits for it is seen nowhere else

    def note(progress: writer.Progress) -> None:
        order.append("grown" if progress.is_opened else "new")
        if progress.is_opened and order.count("new") < MANY:
            with thread._condition:
                assert thread._condition.wait_for(lambda: thread._opening, SECONDS)

    before_each(note)
    saving = threading.Thread(target=store.flush)
    saving.start()
    for run in news:
        store.opened(run)
    saving.join(SECONDS)
    assert not saving.is_alive()
    told = "".join(kind[0] for kind in order)
    assert told.strip("g").replace("ng", "") in ("", "n"), order
    assert order.count("new") == MANY
    for run in others:
        assert len(store.load(run.id).tree.nodes) == 2


def test_runs_from_elsewhere_are_whole_once_they_are_kept(store: Store) -> None:
    runs = [finished_run() for _ in range(MANY)]
    assert store.adopt(runs) == MANY
    for run in runs:
        assert store.load(run.id).record() == run.record()


def test_a_run_that_is_opened_twice_is_stored_once(store: Store) -> None:
    run = new_run()
    with store.together():
        store.opened(run)
        store.opened(run)
    store.opened(run)
    grow_step(run, 0)
    store.flush()
    assert store.count() == 1
    assert len(store.load(run.id).tree.nodes) == 2


def test_where_nothing_can_be_written_all_of_a_group_are_refused(
    store: Store, before_each: Callable[[Before], None]
) -> None:
    def fail(progress: writer.Progress) -> None:
        raise OSError(28, "No space left on device")

    before_each(fail)
    group = [new_run() for _ in range(MANY)]
    with pytest.raises(StorageError, match="is full"):
        open_together(store, group)
    before_each(lambda progress: None)
    later = new_run()
    store.opened(later)
    assert store.trouble == ""
    assert [run.id for run in store.runs()] == [later.id]


def test_a_run_that_can_never_be_stored_is_refused_alone(
    store: Store, before_each: Callable[[Before], None]
) -> None:
    bad, *good = (new_run() for _ in range(MANY))

    def fail(progress: writer.Progress) -> None:
        if progress.run is bad:
            raise ValueError("no row can hold it")

    before_each(fail)
    with pytest.raises(StorageError, match=f"{bad.id} cannot be saved"):
        open_together(store, [bad, *good])
    assert not store.has(bad.id)
    for run in good:
        grow_step(run, 0)
    store.flush()
    for run in good:
        assert len(store.load(run.id).tree.nodes) == 2


def test_what_cannot_be_stored_is_told_until_something_is(
    store: Store, before_each: Callable[[Before], None]
) -> None:
    def fail(progress: writer.Progress) -> None:
        raise ValueError("no row can hold it")

    before_each(fail)
    with pytest.raises(StorageError):
        store.opened(new_run())
    store.flush()
    assert "cannot be saved" in store.trouble
    before_each(lambda progress: None)
    store.opened(new_run())
    assert store.trouble == ""
