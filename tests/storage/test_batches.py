"""Batches: a plan and its state outlive the process; each place holds the newest run that ended by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import BatchNotFound
from engine.runs import Run
from storage.store import Store
from tests.storage.examples import finish, finished_run, grow_step, new_run

PLAN = {"family": "countdown", "problems": ["Use 3 5 7 9 to make 24."]}


def in_cell(run: Run, cell: int | None, batch: str = "B") -> Run:
    run.spec = replace(run.spec, batch=batch, cell=cell)
    return run


def save(store: Store, run: Run) -> Run:
    store.opened(run)
    if run.is_over:
        store.closed(run)
    store.flush()
    return run


def test_a_batch_is_paused_until_somebody_drives_it(store: Store) -> None:
    store.add_batch("B", PLAN)
    batch = store.batch("B")
    assert (batch.state, batch.plan, batch.is_driven) == ("paused", PLAN, False)
    assert store.claim_batch("B")
    assert store.batch("B").state == "running" and store.batch("B").is_driven
    store.settle_batch("B", "finished", "All runs are done.", 12.5)
    assert [(one.state, one.seconds) for one in store.batches()] == [("finished", 12.5)]


def test_a_batch_has_one_driver_and_survives_it(url: str) -> None:
    first, second = Store(url), Store(url)
    first.add_batch("B", PLAN)
    assert first.claim_batch("B") and not second.claim_batch("B")
    assert second.batch("B").is_driven
    first.close()
    assert second.batch("B").state == "running" and not second.batch("B").is_driven
    assert second.claim_batch("B")
    second.close()


def test_an_unknown_batch_is_one_sentence(store: Store) -> None:
    for act in (store.batch, store.claim_batch, lambda id: store.settle_batch(id, "paused", "", 0)):
        with pytest.raises(BatchNotFound, match="no batch 'none'"):
            act("none")


def test_a_cell_holds_its_outcome_and_its_finished_answers(store: Store) -> None:
    run = in_cell(new_run(strategy="best_of_n"), 5)
    run.status = "running"
    for text in ("one\n", "two two\n"):
        grow_step(run, parent=0, text=text)
        node = run.tree.nodes[-1]
        run.tree.finish(node, is_final=True, answer=node.text.strip())
    finish(run, answer="two two", is_correct=True)
    save(store, run)
    [cell] = store.cells("B")
    assert (cell.cell, cell.run, cell.status, cell.is_correct) == (5, run.id, "finished", True)
    assert cell.usage["generated_tokens"] == 3
    assert [(one.answer, one.tokens) for one in cell.answers] == [("one", 1), ("two two", 2)]
    assert cell.answers[0].scores == {"process_reward": 0.75}
    assert cell.answers[0].step_scores == {"process_reward": [0.75]}
    assert cell.answer_node == cell.answers[1].node


def test_the_newest_run_that_came_to_its_end_fills_a_place(store: Store) -> None:
    for _ in range(2):  # made anew after an interruption
        save(store, in_cell(finished_run(), 0))
    save(store, in_cell(new_run(), 0))  # still queued
    stopped = in_cell(finished_run(), 1)
    stopped.status = "cancelled"
    save(store, stopped)
    hidden = save(store, in_cell(finished_run(), 2))
    store.delete(hidden.id)
    save(store, in_cell(finished_run(), 3, batch="another"))
    assert [cell.cell for cell in store.cells("B")] == [0]
    store.restore(hidden.id)
    assert [cell.cell for cell in store.cells("B")] == [0, 2]


def test_history_leaves_the_runs_of_batches_out_unless_asked(store: Store) -> None:
    alone = save(store, finished_run())
    ours = save(store, in_cell(finished_run(), 0))
    assert [line.id for line in store.runs()] == [alone.id]
    assert store.count() == 1
    assert [line.id for line in store.runs(filters={"batch": "B"})] == [ours.id]
    assert store.load(ours.id).spec.cell == 0
