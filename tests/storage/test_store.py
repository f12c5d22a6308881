"""What goes in comes out: round trip, replay, search, filters, deletion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import RunNotFound, StorageError
from engine.runs import node_record
from storage.store import Store
from tests.storage.examples import FIRST, finish, finished_run, grow_step, new_run


def save(store: Store, run) -> None:
    store.opened(run)
    store.grew(run, [])
    if run.is_over:
        store.closed(run)
    store.flush()


def test_a_finished_run_comes_back_the_same(store: Store) -> None:
    run = finished_run()
    save(store, run)
    assert store.load(run.id).record() == run.record()


def test_the_replayed_tree_equals_the_live_one(store: Store) -> None:
    run = finished_run()
    save(store, run)
    loaded = store.load(run.id).tree
    assert [node_record(node) for node in loaded.nodes] == [node_record(node) for node in run.tree.nodes]
    assert [event.seq for event in loaded.events] == list(range(len(loaded.events)))
    assert [event.kind for event in loaded.events if event.kind != "tokens"] == [
        event.kind for event in run.tree.events if event.kind != "tokens"
    ]
    assert all(
        later.at_s >= earlier.at_s for earlier, later in zip(loaded.events, loaded.events[1:], strict=False)
    )


def test_streamed_tokens_are_stored_with_their_node_not_one_by_one(store: Store) -> None:
    run = finished_run(steps=2)
    save(store, run)
    tokens = [event for event in store.load(run.id).tree.events if event.kind == "tokens"]
    assert [event.node for event in tokens] == [1, 2]
    assert tokens[0].data["pieces"] == run.tree.nodes[1].pieces


def test_a_run_is_stored_while_it_goes_on(store: Store) -> None:
    run = new_run()
    store.opened(run)
    assert store.load(run.id).status == "queued"
    run.status = "running"
    grow_step(run, 0)
    growing = run.tree.add(run.tree.nodes[1])
    run.tree.append(growing, ["7", " -"], [-0.5, -0.25])
    store.grew(run, [])
    store.flush()
    stored = store.load(run.id)
    assert stored.status == "running"
    assert [node.text for node in stored.tree.nodes] == [node.text for node in run.tree.nodes]
    assert stored.tree.nodes[2].status == "growing"
    run.tree.append(growing, [" 5"], [-1.0])
    run.tree.finish(growing, is_final=True, answer="2")
    finish(run, answer="2", is_correct=False)
    store.closed(run)
    store.flush()
    assert store.load(run.id).record() == run.record()


def test_a_run_counts_as_running_until_it_is_closed(store: Store) -> None:
    """Between its last event and `closed` a crash must still be found by mark_interrupted."""
    run = finished_run()
    store.opened(run)
    assert store.load(run.id).status == "running"
    store.closed(run)
    store.flush()
    assert store.load(run.id).status == "finished"


def test_history_is_newest_first_in_pages(store: Store) -> None:
    runs = [finished_run(steps=1) for _ in range(5)]
    for run in runs:
        save(store, run)
    newest_first = [run.id for run in reversed(runs)]
    assert [line.id for line in store.runs()] == newest_first
    assert [line.id for line in store.runs(limit=2, offset=2)] == newest_first[2:4]
    assert store.count() == 5


def test_a_line_of_history_says_what_a_person_looks_for(store: Store) -> None:
    run = finished_run(steps=2)
    save(store, run)
    [line] = store.runs()
    assert (line.title, line.answer, line.is_correct) == (run.spec.problem, run.answer, True)
    assert line.spent_tokens == run.usage.generated_tokens == sum(node.tokens for node in run.tree.nodes)
    assert line.seconds == 1.25 and line.node_count == 3
    assert line.created_at == run.created_at and line.created_at >= FIRST


@pytest.mark.parametrize(
    ("search", "count"),
    [
        ("", 2),
        ("coins", 1),
        ("COINS Finn", 1),  # every word, in any case
        ("coins 24", 0),
        ("best of n", 1),  # a strategy by its words
        ("ponder-3m", 2),
        ("ünser", 1),
        ("ÜNSER", 1),
        ("50%", 0),  # no wildcards
        ("%", 0),
        ("_", 2),  # a literal underscore
        ("'; drop table runs; --", 0),
    ],
)
def test_search(store: Store, search: str, count: int) -> None:
    save(
        store,
        finished_run(problem="Ünser Jack has 11 coins. How many coins does Finn have?", strategy="best_of_n"),
    )
    save(store, finished_run(problem="Use 3 5 7 9 to make 24.", strategy="beam_search"))
    assert store.count(search) == len(store.runs(search)) == count


def test_search_finds_answers_and_whole_ids(store: Store) -> None:
    run = finished_run()
    save(store, run)
    assert store.count("9 - 7 + 5") == 1
    assert store.count(run.id) == store.count(run.id.lower()) == 1
    assert store.count(run.id[:-1]) == store.count(run.id[:4]) == 0


def test_filters(store: Store) -> None:
    right, unknown = finished_run(), finished_run(task=None, model="other", strategy="direct")
    unknown.is_correct = None
    for run in (right, unknown):
        save(store, run)
    save(store, new_run(task="story", strategy="direct"))
    assert store.count(filters={"strategy": "direct"}) == 2
    assert store.count(filters={"strategy": ["direct", "mcts"], "model": "other"}) == 1
    assert store.count(filters={"status": "finished"}) == 2
    assert store.count(filters={"is_correct": True}) == 1
    assert store.count(filters={"is_correct": [None]}) == 2
    assert store.count(filters={"task": "story", "strategy": "", "model": None}) == 1
    with pytest.raises(ValueError, match="filter"):
        store.runs(filters={"colour": "red"})
    assert store.choices()["strategy"] == ["direct", "mcts"]
    assert store.choices()["task"] == ["countdown", "story"]


def test_delete_can_be_undone_until_it_is_purged(store: Store) -> None:
    run = finished_run()
    save(store, run)
    store.delete(run.id)
    assert store.count() == 0
    with pytest.raises(RunNotFound):
        store.load(run.id)
    assert store.purge(older_than_days=1) == 0
    store.restore(run.id)
    assert store.load(run.id).record() == run.record()
    store.delete(run.id)
    assert store.purge(older_than_days=-1) == 1
    with pytest.raises(RunNotFound):
        store.restore(run.id)


def test_a_run_deleted_while_it_runs_stays_deleted(store: Store) -> None:
    run = new_run()
    store.opened(run)
    store.delete(run.id)
    finish(run)
    store.closed(run)
    store.flush()
    assert store.count() == 0


def test_unknown_runs_are_not_found(store: Store) -> None:
    for call in (store.load, store.delete, store.restore):
        with pytest.raises(RunNotFound, match="no run 'nothing'"):
            call("nothing")


def test_a_long_problem_has_a_short_title(store: Store) -> None:
    run = new_run(problem="A long\n story. " * 100, task=None)
    store.opened(run)
    [line] = store.runs()
    assert len(line.title) <= 120 and "\n" not in line.title and line.title.endswith("…")
    assert store.load(run.id).spec.problem == run.spec.problem


def test_what_was_stored_is_there_after_reopening(url: str) -> None:
    first = Store(url)
    run = finished_run()
    first.opened(run)
    first.closed(run)
    first.close()  # saves without an explicit flush
    first.close()  # and may be called twice
    second = Store(url)
    assert second.load(run.id).record() == run.record()
    second.close()
    with pytest.raises(StorageError, match="closed"):
        second.opened(new_run())


def test_moments_keep_their_time_zone(store: Store) -> None:
    run = new_run()
    run.created_at = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(microseconds=5)
    store.opened(run)
    assert store.load(run.id).created_at == run.created_at
