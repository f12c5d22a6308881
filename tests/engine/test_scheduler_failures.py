"""What the scheduler refuses, and what it does when a model, a scorer or a strategy breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.backends.protocol import Chunk
from engine.backends.scripted import ScriptedBackend
from engine.budget import BudgetExhausted
from engine.errors import BadInput, ModelUnavailable, OutsideFamily, ScorerUnavailable
from engine.requests import STEP, Expand, Score, Search
from engine.runs import RunSpec
from engine.scheduler import Scheduler
from engine.scoring.protocol import Verdict
from engine.tree import Node
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
    spec,
)


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


def test_an_owner_has_so_many_waiting_runs_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.scheduler.MAX_WAITING_RUNS", 3)
    scheduler = make_scheduler()
    mine = [scheduler.submit(spec("direct", SUM)) for _ in range(3)]
    with pytest.raises(BadInput, match="3 of your runs wait already"):
        scheduler.submit(spec("direct", SUM))
    other = scheduler.submit(replace(spec("direct", SUM), owner="another"))
    scheduler.run_until_idle()
    assert [one.status for one in (*mine, other)] == ["finished"] * 4
    assert scheduler.submit(spec("direct", SUM)).status == "queued"
