"""Stars, tags and notes: a person's own words on a run, found again by search and filter."""

from __future__ import annotations

import pytest

from engine.errors import BadInput, RunNotFound
from storage.store import Store
from tests.storage.examples import finished_run


@pytest.fixture
def runs(store: Store) -> list[str]:
    made = [finished_run() for _ in range(3)]
    assert store.adopt(made) == 3
    return [run.id for run in made]


def listed(store: Store, search: str = "", **filters: str | bool) -> list[str]:
    return [summary.id for summary in store.runs(search, filters)]


def test_marks_are_kept_and_shown(store: Store, runs: list[str]) -> None:
    store.mark(
        runs[0], is_starred=True, tags=[" #Teaching ", "hard one", "teaching", ""], note=" Look at node 7. "
    )
    [summary] = [found for found in store.runs() if found.id == runs[0]]
    assert (summary.is_starred, summary.tags, summary.note) == (
        True,
        ["Teaching", "hard one"],
        "Look at node 7.",
    )
    store.mark(runs[0], tags=["other"])
    [summary] = [found for found in store.runs() if found.id == runs[0]]
    assert (summary.is_starred, summary.tags, summary.note) == (True, ["other"], "Look at node 7.")


def test_marks_are_found(store: Store, runs: list[str]) -> None:
    store.mark(runs[0], is_starred=True, tags=["Teaching"], note="100 % sure")
    store.mark(runs[1], tags=["teaching again"])
    assert listed(store, is_starred=True) == [runs[0]]
    assert set(listed(store, is_starred=False)) == {runs[1], runs[2]}
    assert listed(store, tag="teaching") == [runs[0]]
    assert listed(store, "AGAIN") == [runs[1]]
    assert listed(store, "100 %") == [runs[0]]
    assert store.choices()["tag"] == ["Teaching", "teaching again"]


def test_marks_outlive_later_writes_of_the_run(store: Store) -> None:
    run = finished_run()
    store.opened(run)
    store.mark(run.id, tags=["live"])
    store.closed(run)
    store.flush()
    assert listed(store, tag="live") == [run.id]


def test_bad_marks_are_refused(store: Store, runs: list[str]) -> None:
    with pytest.raises(BadInput, match="40 characters"):
        store.mark(runs[0], tags=["x" * 41])
    with pytest.raises(BadInput, match="20 tags"):
        store.mark(runs[0], tags=[str(i) for i in range(21)])
    with pytest.raises(BadInput, match="4,000"):
        store.mark(runs[0], note="x" * 4001)
    with pytest.raises(RunNotFound):
        store.mark("nobody", is_starred=True)


def test_runs_from_elsewhere_are_kept_once(store: Store) -> None:
    first, second = finished_run(), finished_run()
    assert store.adopt([first, first]) == 1
    store.delete(first.id)
    assert store.adopt([first, second]) == 1
    assert [summary.id for summary in store.runs()] == [second.id]
    assert store.load(second.id).record() == second.record()
