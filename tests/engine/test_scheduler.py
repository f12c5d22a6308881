"""The scheduler, over every strategy: trees, budgets, batching, determinism, cancelling, failures."""

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

from engine.backends.protocol import Chunk
from engine.backends.scripted import ScriptedBackend
from engine.budget import Budget, BudgetExhausted
from engine.errors import BadInput, ModelUnavailable, OutsideFamily, ScorerUnavailable
from engine.requests import STEP, Expand, Score, Search
from engine.runs import Run, RunSpec
from engine.scheduler import Scheduler
from engine.scoring.protocol import Verdict
from engine.strategies import STRATEGIES
from engine.telling import Sinks
from engine.tree import Event, Node, Tree
from tests.engine.scripted import (
    FREE,
    PUZZLE,
    SUM,
    Facts,
    HashReward,
    load_scorer,
    make_scheduler,
    run,
    run_odd,
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
    done = run(replace(spec("mcts", rollouts=4096, stop_at=1.0), budget=Budget(max_seconds=0.5)))

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


# ---- bad input and failures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (spec("direct", ""), BadInput),
        (spec("direct", "   \n"), BadInput),
        (spec("direct", "x" * 100_000), BadInput),
        (spec("no_such_strategy"), BadInput),
        (spec("best_of_n", n=0), BadInput),
        (spec("best_of_n", n=10**9), BadInput),
        (spec("best_of_n", n=10**400), BadInput),
        (spec("best_of_n", n=2.5), BadInput),
        (spec("best_of_n", n=True), BadInput),
        (spec("best_of_n", n="many"), BadInput),
        (spec("best_of_n", temperature=float("nan")), BadInput),
        (spec("best_of_n", scorer="taste"), BadInput),
        (spec("best_of_n", no_such_knob=1), BadInput),
        (replace(spec("direct"), task="chess"), BadInput),
        (replace(spec("direct", FREE), task="countdown"), OutsideFamily),
        (replace(spec("direct"), seed=-1), BadInput),
        (spec("best_of_n", FREE, scorer="verifier"), ScorerUnavailable),
        (spec("best_of_n", FREE, scorer="process_reward"), ScorerUnavailable),
    ],
)
def test_bad_input_is_refused_with_one_sentence_and_nothing_is_queued(
    wrong: RunSpec, error: type[Exception]
) -> None:
    scheduler = make_scheduler()
    with pytest.raises(error) as caught:
        scheduler.submit(wrong)

    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert not scheduler.runs
    assert not scheduler.step()


def test_an_unusable_model_is_refused_at_once_and_a_bundled_one_keeps_to_its_families() -> None:
    facts = Facts(is_usable=False, why_not="It does not fit.")
    scheduler = Scheduler(lambda _: ScriptedBackend(), load_scorer, lambda _: facts)
    with pytest.raises(ModelUnavailable, match="does not fit"):
        scheduler.submit(spec("direct"))
    bundled = Scheduler(lambda _: ScriptedBackend(), load_scorer, lambda _: Facts(source="bundled"))
    with pytest.raises(OutsideFamily):
        bundled.submit(spec("direct", FREE))


def test_an_outcome_reward_that_is_not_here_is_refused_and_says_how_to_name_one() -> None:
    facts = Facts(outcome_reward=None)
    scheduler = Scheduler(lambda _: ScriptedBackend(), load_scorer, lambda _: facts)
    with pytest.raises(ScorerUnavailable, match="PONDER_OUTCOME_REWARD"):
        scheduler.submit(spec("best_of_n", scorer="outcome_reward"))


def test_a_public_process_reward_judges_free_text_too() -> None:
    scheduler = Scheduler(lambda _: ScriptedBackend(), load_scorer, lambda _: Facts(rewards_free_text=True))
    assert scheduler.submit(spec("best_of_n", FREE)).spec.params == {"scorer": "process_reward"}


def test_auto_is_resolved_and_recorded() -> None:
    assert run(spec("best_of_n")).spec.params == {"scorer": "process_reward"}
    assert run(spec("best_of_n", FREE)).spec.params == {"scorer": "self_evaluation"}
    assert run(spec("chain_of_thought")).spec.params == {}


def test_a_model_that_does_not_load_fails_its_run_with_the_reason() -> None:
    def load(model: str) -> ScriptedBackend:
        raise ModelUnavailable("The folder holds no model.")

    scheduler = Scheduler(load, load_scorer, lambda _: Facts())
    failed = scheduler.submit(spec("direct"))
    scheduler.run_until_idle()
    assert (failed.status, failed.status_reason) == ("failed", "The folder holds no model.")


def test_a_backend_that_breaks_fails_its_runs_and_the_scheduler_goes_on() -> None:
    class Breaking(ScriptedBackend):
        def step(self) -> list[Chunk]:
            if self.steps == 5:
                self.steps += 1
                raise RuntimeError("CUDA error\nmany lines")
            return super().step()

    scheduler = make_scheduler(Breaking())
    failed = scheduler.submit(spec("self_consistency"))
    scheduler.run_until_idle()
    after = scheduler.submit(spec("self_consistency"))
    scheduler.run_until_idle()

    assert failed.status == "failed"
    assert "CUDA error" in failed.status_reason
    assert "\n" not in failed.status_reason
    assert failed.usage.generated_tokens == sum(node.tokens for node in failed.tree.nodes) > 0
    assert after.status == "finished"


def test_a_scorer_that_fails_fails_only_the_run_at_fault_and_scores_nothing() -> None:
    class Picky(HashReward):
        def score(self, nodes: Sequence[Node]) -> list[Verdict]:
            if any("24" in node.tree.root.text for node in nodes):
                raise ScorerUnavailable("No such head.")
            return super().score(nodes)

    scheduler = Scheduler(lambda _: ScriptedBackend(), lambda *_: Picky(), lambda _: Facts())
    failed = scheduler.submit(spec("best_of_n", PUZZLE))
    fine = scheduler.submit(spec("best_of_n", SUM))
    scheduler.run_until_idle()

    assert (failed.status, failed.status_reason) == ("failed", "No such head.")
    assert all(not node.scores for node in failed.tree.nodes)
    assert fine.status == "finished"


# ---- odd strategies --------------------------------------------------------------------------------------


def test_empty_requests_are_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(root: Node) -> Search:
        assert (yield Expand([])) == []
        assert (yield Expand([root], n=0)) == []
        assert (yield Score([], by="confidence")) == []
        (child,) = yield Expand([root])
        return child

    assert run_odd(monkeypatch, odd).status == "finished"


def test_replies_are_parent_major_and_ids_follow_birth(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(root: Node) -> Search:
        first = yield Expand([root], n=2, stop=STEP)
        second = yield Expand(first, n=3, stop=STEP)
        assert [child.parent for child in second] == [first[0]] * 3 + [first[1]] * 3
        assert [child.id for child in second] == [3, 4, 5, 6, 7, 8]
        return second[0]

    done = run_odd(monkeypatch, odd)
    assert done.status == "finished", done.status_reason


@pytest.mark.parametrize(
    ("what", "words"),
    [("expand_final", "final"), ("return_none", "return"), ("nonsense", "no request"), ("raises", "boom")],
)
def test_a_bug_in_a_strategy_is_a_failed_run(monkeypatch: pytest.MonkeyPatch, what: str, words: str) -> None:
    def odd(root: Node) -> Search:
        (child,) = yield Expand([root])
        if what == "expand_final":
            yield Expand([child])
        if what == "nonsense":
            yield "a cup of tea"  # pyright: ignore[reportReturnType]
        if what == "raises":
            raise ValueError("boom")
        return None  # pyright: ignore[reportReturnType]

    failed = run_odd(monkeypatch, odd)
    assert failed.status == "failed"
    assert words in failed.status_reason


def test_a_strategy_that_goes_on_after_the_budget_is_thrown_at_twice_and_then_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thrown = []

    def stubborn(root: Node) -> Search:
        while True:
            try:
                yield Expand([root], n=2)
            except BudgetExhausted:
                thrown.append(True)

    done = run_odd(monkeypatch, stubborn, max_tokens=200)
    assert len(thrown) == 2
    assert done.status == "partial"
    assert done.answer is not None
    assert done.usage.spent_tokens <= 200


def test_scoring_that_costs_nothing_is_served_after_the_budget_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(root: Node) -> Search:
        (child,) = yield Expand([root])
        try:
            yield Expand([root], n=50)
        except BudgetExhausted:
            yield Score([child], by="verifier")
            assert "verifier" in child.scores
        return child

    done = run_odd(monkeypatch, odd, max_tokens=100)
    assert done.status == "partial", done.status_reason


def test_what_the_budget_cannot_score_stays_unscored(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(root: Node) -> Search:
        children = yield Expand([root], n=4)
        try:
            yield Score(children, by="process_reward")
        except BudgetExhausted:
            scores = ["process_reward" in child.scores for child in children]
            assert scores == sorted(scores, reverse=True)
            assert 0 < sum(scores) < 4
        return children[0]

    whole = sum(node.tokens for node in run_odd(monkeypatch, odd).tree.nodes)
    done = run_odd(monkeypatch, odd, max_tokens=whole + whole // 2)
    assert done.status == "partial", done.status_reason
