"""The scheduler, over every strategy: trees, budgets, batching, determinism, cancelling, sinks."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backends.scripted import ScriptedBackend
from engine.budget import Budget
from engine.runs import Run
from engine.scheduler import Scheduler
from engine.strategies import STRATEGIES
from engine.telling import Sinks
from engine.tree import Event, Tree
from tests.engine.scripted import (
    FREE,
    PUZZLE,
    SUM,
    Facts,
    HashReward,
    load_scorer,
    make_scheduler,
    run,
    shape,
    spec,
)

NAMES = list(STRATEGIES)
every_strategy = pytest.mark.parametrize("strategy", NAMES)


# ---- one run ---------------------------------------------------------------------------------------------


@every_strategy
@pytest.mark.parametrize("problem", [PUZZLE, SUM, FREE])
def test_a_run_leaves_a_tree_and_a_judged_answer(strategy: str, problem: str) -> None:
    done = run(spec(strategy, problem))

    assert done.status == "finished", done.status_reason
    root, *others = done.tree.nodes
    assert root.parent is None
    assert all(node.parent in done.tree.nodes[: node.id] for node in others)
    assert all(node.status != "growing" for node in done.tree.nodes)
    assert all(node.reason for node in others)
    assert done.answer_node is not None
    assert all(node.status == "selected" for node in done.answer_node.path())
    assert done.answer == done.answer_node.answer
    assert (done.is_correct is None) == (problem == FREE)


@every_strategy
@pytest.mark.parametrize("max_tokens", [1, 7, 100, 1001, None])
def test_tokens_add_up_and_never_exceed_the_budget(strategy: str, max_tokens: int | None) -> None:
    usage = (done := run(spec(strategy, max_tokens=max_tokens))).usage

    assert usage.generated_tokens == sum(node.tokens for node in done.tree.nodes)
    assert usage.spent_tokens == usage.generated_tokens + usage.discarded_tokens + usage.scorer_tokens
    assert max_tokens is None or usage.spent_tokens <= max_tokens
    assert usage.flops == pytest.approx(
        2 * 1_000_000 * (usage.prompt_tokens + usage.generated_tokens) + 2 * 1_000 * usage.scorer_tokens
    )
    assert usage.prompt_tokens > 0
    assert usage.first_token_seconds is not None
    assert 0 < usage.generating_seconds + usage.scoring_seconds <= usage.seconds
    assert usage.usd > 0
    assert done.status in ("finished", "partial")
    assert done.status == "finished" or max_tokens is not None


@every_strategy
@pytest.mark.parametrize("max_tokens", [100, None])
def test_the_replayed_tree_is_the_live_tree(strategy: str, max_tokens: int | None) -> None:
    done = run(spec(strategy, max_tokens=max_tokens))

    assert [event.seq for event in done.tree.events] == list(range(len(done.tree.events)))
    replayed = replace(done, tree=Tree.replay(done.tree.events))
    assert replayed.record()["nodes"] == done.record()["nodes"]


def test_a_tight_budget_finishes_some_chains_instead_of_cutting_all() -> None:
    done = run(spec("self_consistency", max_tokens=300, n=64))

    assert done.status == "partial"
    assert sum(node.is_final for node in done.tree.nodes) >= 5
    assert done.answer is not None
    assert any(node.reason == "The budget ended before this branch began." for node in done.tree.nodes)


def test_flops_are_a_hard_limit_that_counts_the_prompt() -> None:
    for limit in (1e6, 2e8, 5e8):
        done = run(replace(spec("best_of_n"), budget=Budget(max_flops=limit)))
        assert done.usage.flops <= limit
        assert done.status == "partial"


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a millisecond whenever the scheduler looks at it."""
    ticks = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: next(ticks) / 1000)
    for module in ("scheduler", "entries", "telling"):
        monkeypatch.setattr(f"engine.{module}.time", clock)


@pytest.mark.usefixtures("ticking")
def test_the_clock_ends_a_run_before_its_limit() -> None:
    # Few rows at once: this clock goes on even while rows that are stopped are written down.
    done = run(replace(spec("mcts", rollouts=4096, width=4, stop_at=1.0), budget=Budget(max_seconds=0.5)))

    assert done.status == "partial"
    assert "0.5 seconds" in done.status_reason
    working = max(node.finished_s or 0 for node in done.tree.nodes if node.tokens)
    assert 0.3 < working <= 0.5


@pytest.mark.usefixtures("ticking")
def test_dollars_end_a_run_before_their_limit() -> None:
    limit = 1e-6  # 36 milliseconds of the device
    done = run(replace(spec("mcts", rollouts=4096, stop_at=1.0), budget=Budget(max_usd=limit)))

    assert done.status == "partial"
    assert limit / 2 < done.usage.usd <= limit


# ---- many runs -------------------------------------------------------------------------------------------


@every_strategy
@pytest.mark.parametrize("max_tokens", [150, 1001])
def test_the_same_spec_gives_the_same_tree_alone_and_in_company(strategy: str, max_tokens: int) -> None:
    alone = run(spec(strategy, max_tokens=max_tokens, seed=3))
    again = run(spec(strategy, max_tokens=max_tokens, seed=3))
    # A crowded backend: rows of all runs wait for each other, and still nothing may change.
    scheduler = make_scheduler(ScriptedBackend(max_rows=5))
    company = [scheduler.submit(spec(name, SUM, seed=seed)) for seed, name in enumerate(NAMES)]
    beside = scheduler.submit(spec(strategy, max_tokens=max_tokens, seed=3))
    scheduler.run_until_idle()

    assert shape(again) == shape(alone)
    assert shape(beside) == shape(alone)
    assert beside.answer == alone.answer
    assert all(other.status == "finished" for other in company)
    assert shape(run(spec("self_consistency", seed=4))) != shape(run(spec("self_consistency", seed=5)))


def test_eight_runs_share_their_decode_steps() -> None:
    specs = [
        spec(name, max_tokens=2000, seed=seed)
        for seed, name in enumerate(
            [
                "chain_of_thought",
                "self_consistency",
                "best_of_n",
                "dvts",
                "mcts",
                "mcts",
                "repair",
                "beam_search",
            ]
        )
    ]
    apart = 0
    for one in specs:
        scheduler = make_scheduler()
        scheduler.submit(one)
        scheduler.run_until_idle()
        apart += scheduler.decode_steps
    together = make_scheduler()
    for one in specs:
        together.submit(one)
    together.run_until_idle()

    assert len(specs) == 8
    assert together.decode_steps < apart / 2


def test_nodes_of_all_runs_are_scored_in_one_call() -> None:
    scorer = HashReward()
    scheduler = Scheduler(lambda _: ScriptedBackend(), lambda *_: scorer, lambda _: Facts())
    for seed in range(4):
        scheduler.submit(spec("beam_search", SUM, seed=seed))
    scheduler.run_until_idle()

    assert max(scorer.calls) > 16  # one run alone asks for at most 16


def test_a_run_with_many_branches_does_not_keep_others_waiting() -> None:
    scheduler = make_scheduler(ScriptedBackend(max_rows=8))
    large = scheduler.submit(spec("self_consistency", n=200))
    small = scheduler.submit(spec("chain_of_thought"))
    while not small.is_over:
        scheduler.step()

    assert not large.is_over
    assert scheduler.decode_steps < 60


def test_the_least_recently_used_model_leaves_first() -> None:
    loaded: list[str] = []

    def load(model: str) -> ScriptedBackend:
        loaded.append(model)
        return ScriptedBackend()

    scheduler = Scheduler(load, load_scorer, lambda _: Facts(), max_loaded_models=2)
    for model in ("a", "b", "a", "c", "a", "b"):
        scheduler.submit(replace(spec("direct"), model=model))
        scheduler.run_until_idle()
    assert loaded == ["a", "b", "c", "b"]

    # With more models asked for than there is room, the rest wait and still run.
    waiting = [scheduler.submit(replace(spec("chain_of_thought"), model=model)) for model in "defg"]
    scheduler.run_until_idle()
    assert [one.status for one in waiting] == ["finished"] * 4


# ---- cancelling and stopping -----------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(strategy=st.sampled_from(NAMES), steps=st.integers(0, 60), seed=st.integers(0, 9))
def test_a_cancel_at_any_moment_leaves_a_consistent_record(strategy: str, steps: int, seed: int) -> None:
    backend = ScriptedBackend()
    scheduler = make_scheduler(backend)
    cancelled = scheduler.submit(spec(strategy, seed=seed))
    other = scheduler.submit(spec("chain_of_thought", SUM))
    for _ in range(steps):
        scheduler.step()
    was_over = cancelled.is_over
    scheduler.cancel(cancelled.id)
    scheduler.step()  # one turn is enough

    assert cancelled.is_over
    assert was_over or cancelled.status == "cancelled"
    assert all(node.status != "growing" for node in cancelled.tree.nodes)
    assert cancelled.usage.generated_tokens == sum(node.tokens for node in cancelled.tree.nodes)
    assert cancelled.tree.events[-1].kind == "ended"
    scheduler.run_until_idle()
    assert other.status == "finished"
    assert backend.step() == []  # nothing of either run is left inside


def test_stopping_seals_what_runs_as_interrupted() -> None:
    scheduler = make_scheduler(ScriptedBackend(delay_seconds=0.001))
    started = threading.Event()

    class Watch:
        def opened(self, run: Run) -> None: ...
        def closed(self, run: Run) -> None: ...
        def grew(self, run: Run, events: Sequence[Event]) -> None:
            started.set()

    scheduler._sinks = Sinks([Watch()])
    scheduler.start()
    endless = scheduler.submit(spec("mcts", rollouts=4096, stop_at=1.0))
    assert started.wait(10)
    scheduler.stop()

    assert endless.status == "interrupted"
    assert len(endless.tree.nodes) > 1


def test_an_idle_worker_wakes_up_for_a_run() -> None:
    done = threading.Event()

    class Watch:
        def opened(self, run: Run) -> None: ...
        def grew(self, run: Run, events: Sequence[Event]) -> None: ...
        def closed(self, run: Run) -> None:
            done.set()

    scheduler = make_scheduler(sinks=[Watch()])
    scheduler.start()
    finished = scheduler.submit(spec("direct"))
    assert done.wait(10)
    scheduler.stop()
    assert finished.status == "finished"


def test_finished_runs_are_kept_up_to_a_bound() -> None:
    scheduler = make_scheduler()
    submitted = [scheduler.submit(spec("direct", seed=seed)) for seed in range(80)]
    scheduler.run_until_idle()

    assert len(scheduler.runs) == 64
    assert submitted[-1].id in scheduler.runs


# ---- sinks -----------------------------------------------------------------------------------------------


def test_sinks_hear_of_every_event_but_streamed_tokens_in_order() -> None:
    heard: list[tuple[str, Any]] = []

    class Record:
        def opened(self, run: Run) -> None:
            heard.append(("opened", run.status))

        def grew(self, run: Run, events: Sequence[Event]) -> None:
            heard.extend(("event", event) for event in events)

        def closed(self, run: Run) -> None:
            heard.append(("closed", run.status))

    scheduler = make_scheduler(sinks=[Record()])
    submitted = scheduler.submit(spec("mcts"))
    assert heard == [("opened", "queued")]
    scheduler.run_until_idle()

    assert heard[-1] == ("closed", "finished")
    events = [what for kind, what in heard if kind == "event"]
    assert events == [event for event in submitted.tree.events if event.kind != "tokens"]
    assert events[-1].kind == "ended"


def test_a_sink_that_fails_does_not_stop_the_run() -> None:
    class Full:
        def opened(self, run: Run) -> None: ...
        def grew(self, run: Run, events: Sequence[Event]) -> None:
            raise OSError("no space left on device")

        def closed(self, run: Run) -> None:
            raise OSError("no space left on device")

    assert run(spec("best_of_n"), sinks=[Full()]).status == "finished"
