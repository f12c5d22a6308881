"""Owners share the device by tokens: nobody starves or waits for another's work to end; no tree changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.scripted import ScriptedBackend
from engine.fair_shares import FairShares
from engine.runs import Run
from engine.scheduler import Scheduler
from engine.waiting_lines import MAX_ACTIVE_RUNS
from tests.engine.scripted import SUM, Facts, load_scorer, make_scheduler, run, shape, spec

BATCH = "01SWEEP"


def submit(
    scheduler: Scheduler, owner: str, count: int = 1, batch: str | None = None, **params: int
) -> list[Run]:
    """`count` runs of one owner, each of many branches."""
    one = replace(spec("self_consistency"), params={"n": 64} | params, owner=owner, batch=batch)
    return [scheduler.submit(replace(one, seed=seed)) for seed in range(count)]


def tokens(runs: list[Run]) -> int:
    return sum(run.usage.spent_tokens + run.usage.prompt_tokens for run in runs)


def jain(shares: list[int]) -> float:
    """Jain's fairness index: 1 where all are equal, 1/n where one has everything."""
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))


# ---- a device that is full -------------------------------------------------------------------------------


@pytest.mark.parametrize("comes_first", ["many", "one"])
def test_eight_runs_get_no_more_than_one(comes_first: str) -> None:
    scheduler = make_scheduler(ScriptedBackend(max_rows=16))
    runs: dict[str, list[Run]] = {}
    for owner in ("many", "one") if comes_first == "many" else ("one", "many"):
        runs[owner] = submit(scheduler, owner, 8 if owner == "many" else 1)
    while not runs["one"][0].is_over:
        scheduler.step()

    assert runs["one"][0].status == "finished"
    assert tokens(runs["many"]) < 1.25 * tokens(runs["one"])
    assert not any(run.is_over for run in runs["many"])
    scheduler.run_until_idle()
    assert {run.status for run in runs["many"]} == {"finished"}


def test_thirty_owners_with_one_to_eight_runs_each_have_equal_shares() -> None:
    scheduler = make_scheduler(ScriptedBackend(max_rows=64))
    runs = {f"owner {i}": submit(scheduler, f"owner {i}", 1 + i % 8) for i in range(30)}
    while not any(run.is_over for own in runs.values() for run in own):
        scheduler.step()

    assert jain([tokens(own) for own in runs.values()]) > 0.97


def test_long_branches_count_by_their_tokens_and_not_by_their_number() -> None:
    scheduler = make_scheduler(ScriptedBackend(max_rows=8))
    long, short = submit(scheduler, "long", n=256), [
        scheduler.submit(replace(spec("beam_search", SUM, seed=seed), owner="short")) for seed in range(12)
    ]  # fmt: skip
    while not all(run.is_over for run in short):
        scheduler.step()

    assert not long[0].is_over
    assert jain([tokens(long), tokens(short)]) > 0.95


def test_a_newcomer_begins_at_once_on_a_full_device() -> None:
    scheduler = make_scheduler(ScriptedBackend(max_rows=16))
    submit(scheduler, "first", 8)
    for _ in range(3):
        scheduler.step()
    (newcomer,) = submit(scheduler, "second")
    scheduler.step()

    assert newcomer.usage.generated_tokens == 1


def test_idle_time_is_no_credit() -> None:
    """Without it, one who comes after an hour would hold up everybody until he had caught up."""
    scheduler = make_scheduler(ScriptedBackend(max_rows=16))
    busy = submit(scheduler, "busy", 8)
    for _ in range(400):
        scheduler.step()
    before = tokens(busy)
    late = submit(scheduler, "late", 2)
    while tokens(late) < 1500:
        scheduler.step()

    assert tokens(busy) - before > 0.75 * tokens(late)


# ---- a queue ---------------------------------------------------------------------------------------------


def test_two_hundred_queued_runs_do_not_hold_up_another_owners_first() -> None:
    scheduler = make_scheduler()
    submit(scheduler, "many", 200, n=4)
    scheduler.step()
    (other,) = submit(scheduler, "other", n=4)
    scheduler.step()

    assert other.status == "running"
    assert Counter(run.status for run in scheduler.runs.values())["running"] == MAX_ACTIVE_RUNS + 1
    scheduler.run_until_idle()
    assert other.status == "finished"


def test_a_sweep_does_not_hold_up_its_owners_run_by_hand() -> None:
    scheduler = make_scheduler(ScriptedBackend(max_rows=16))
    sweep = submit(scheduler, "ann", 80, batch=BATCH)
    for _ in range(3):
        scheduler.step()
    (by_hand,) = submit(scheduler, "ann")
    before = tokens(sweep)
    while not by_hand.is_over:
        scheduler.step()

    assert tokens(sweep) - before < 1.25 * tokens([by_hand])


def test_a_batch_gives_its_owner_no_second_share() -> None:
    scheduler = make_scheduler(ScriptedBackend(max_rows=16))
    ann = submit(scheduler, "ann", 2) + submit(scheduler, "ann", 4, batch=BATCH)
    bob = submit(scheduler, "bob", 2)
    while not any(run.is_over for run in bob):
        scheduler.step()

    assert jain([tokens(ann), tokens(bob)]) > 0.95


def test_who_needs_a_model_that_has_no_room_is_not_passed_for_ever() -> None:
    scheduler = Scheduler(lambda _: ScriptedBackend(), load_scorer, lambda _: Facts(), max_loaded_models=2)
    one = replace(spec("self_consistency", n=4), owner="many")
    many = [
        scheduler.submit(replace(one, model="ab"[seed % 2], seed=seed)) for seed in range(3 * MAX_ACTIVE_RUNS)
    ]
    scheduler.step()
    other = scheduler.submit(replace(one, owner="other", model="c"))
    while other.status == "queued":
        scheduler.step()

    assert sum(run.is_over for run in many) <= MAX_ACTIVE_RUNS
    scheduler.run_until_idle()
    assert {run.status for run in [*many, other]} == {"finished"}


# ---- what must not change --------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["self_consistency", "beam_search", "mcts", "confident_voting"])
def test_the_same_spec_gives_the_same_tree_beside_other_owners(strategy: str) -> None:
    alone = run(spec(strategy, max_tokens=1001, seed=3))
    scheduler = make_scheduler(ScriptedBackend(max_rows=5))
    for owner in ("ann", "bob"):
        submit(scheduler, owner, 2, n=16)
    beside = scheduler.submit(replace(spec(strategy, max_tokens=1001, seed=3), owner="cid"))
    scheduler.run_until_idle()

    assert shape(beside) == shape(alone)


# ---- the account alone -----------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 50)), max_size=200))
def test_always_serving_the_next_keeps_all_within_one_piece_of_work(work: list[tuple[str, int]]) -> None:
    shares, served = FairShares(), Counter(a=0, b=0, c=0)
    parties = [(owner, "") for owner in "abc"]
    for party in parties:
        shares.join(party, parties)
    for _, size in work:
        shares.begin()
        party = shares.next(parties, {})
        shares.charge(party, size)
        served[party[0]] += size

    assert max(served.values()) - min(served.values()) <= 50


def test_a_debt_stays_while_others_are_here_and_ends_with_the_last() -> None:
    shares = FairShares()
    ann, bob = ("ann", ""), ("bob", "")
    shares.join(ann, [])
    shares.join(bob, [ann])
    shares.charge(ann, 100)
    shares.join(ann, [bob])  # she left, and is back
    assert shares.next([ann, bob], {}) == bob
    shares.join(ann, [])
    assert shares.next([ann, bob], {}) == ann


def test_what_has_begun_counts_in_advance() -> None:
    shares = FairShares()
    ann, bob = ("ann", ""), ("bob", "")
    shares.begin()
    shares.charge(ann, 10)
    assert shares.next([ann, bob], {bob: 2}) == ann
