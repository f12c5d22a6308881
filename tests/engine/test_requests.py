"""What a strategy may ask for beside plain growth: forced text, aborts, checks, the model as a judge."""

from __future__ import annotations

import contextlib

import pytest

from engine.backends.protocol import Profile
from engine.budget import BudgetExhausted
from engine.requests import THOUGHT, Check, Expand, Sampling, Score, Search
from engine.tree import Node, Tree
from tests.engine.scripted import FREE, PUZZLE, SUM, run_odd

# ---- thoughts and forced text ----------------------------------------------------------------------------


def test_a_thought_goes_on_after_a_forced_text_as_if_it_had_not_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def odd(root: Node) -> Search:
        (thought,) = yield Expand([root], stop=THOUGHT)
        assert thought.text.endswith("</think>")
        assert not thought.is_final
        (more,) = yield Expand([thought], stop=THOUGHT, forced="Wait")
        assert (more.forced, more.struck) == ("Wait\n", len("</think>"))
        assert more.text.startswith("Wait\n")
        assert more.turn_text == thought.text.removesuffix("</think>") + more.text
        (answer,) = yield Expand([more], forced="close_thinking")
        assert answer.turn_text.count("</think>") == 1
        return answer

    done = run_odd(monkeypatch, odd, problem=SUM)
    assert done.status == "finished", done.status_reason
    assert done.answer is not None
    thought, more, answer = done.tree.nodes[1:]
    # What was put in is text of the node and no token of it; the backend counted it as prompt.
    assert more.tokens == len(more.pieces) == len(more.token_logprobs)
    assert more.text == "Wait\n" + "".join(more.pieces)
    assert done.usage.generated_tokens == thought.tokens + more.tokens + answer.tokens
    assert Tree.replay(done.tree.events).nodes[2].text == more.text


def test_a_final_node_goes_on_with_a_forced_text_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(root: Node) -> Search:
        (chain,) = yield Expand([root])
        (more,) = yield Expand([chain], forced="So ")
        assert more.text.startswith("So ")
        yield Expand([more])
        return more

    failed = run_odd(monkeypatch, odd)
    assert failed.status == "failed"
    assert "forced text" in failed.status_reason


# ---- aborts ----------------------------------------------------------------------------------------------


def test_a_branch_whose_confidence_falls_is_aborted_at_that_token(monkeypatch: pytest.MonkeyPatch) -> None:
    bar, window = 7.5, 4

    def odd(root: Node) -> Search:
        chains = yield Expand([root], n=40, abort_below=bar, abort_window=window)
        return next(chain for chain in chains if chain.is_final)

    done = run_odd(monkeypatch, odd)
    assert done.status == "finished", done.status_reason
    aborted = [node for node in done.tree.nodes if node.status == "aborted"]
    finished = [node for node in done.tree.nodes[1:] if node.is_final]
    assert aborted
    assert finished

    def first_below(node: Node) -> int | None:
        groups = [
            sum(node.token_confidences[end - window : end]) / window
            for end in range(window, len(node.token_confidences) + 1)
        ]
        return next((at + window for at, mean in enumerate(groups) if mean < bar), None)

    assert all(first_below(node) == node.tokens for node in aborted)
    # The end token comes too late to abort anything.
    assert all(first_below(node) in (None, node.tokens) for node in finished)
    assert all(f"last {window} tokens" in node.reason and "7.50" in node.reason for node in aborted)
    assert done.usage.generated_tokens == sum(node.tokens for node in done.tree.nodes)


# ---- checks ----------------------------------------------------------------------------------------------


def test_a_check_adds_what_it_found_below_each_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(root: Node) -> Search:
        chains = yield Expand([root], n=24)
        found = yield Check(chains)
        assert [node.parent for node in found] == chains
        assert all(node.kind == "execution" and node.tokens == 0 and node.text for node in found)
        assert {chain.scores["check"] for chain in chains} == {0.0, 1.0}
        assert [node.scores for node in found] == [chain.scores for chain in chains]
        failed = next(node for node in found if not node.scores["check"])
        (revision,) = yield Expand([failed], kind="revision", instruction="repair")
        assert failed.text in revision.instruction
        assert revision.turn() == [revision]
        return next(chain for chain in chains if chain.scores["check"])

    done = run_odd(monkeypatch, odd, problem=SUM)
    assert done.status == "finished", done.status_reason
    assert done.is_correct
    assert done.usage.executing_seconds > 0


def test_what_cannot_be_checked_has_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(root: Node) -> Search:
        (chain,) = yield Expand([root], thinking=False)
        (found,) = yield Check([chain])
        assert not found.scores
        assert found.reason == "Nothing in it can be checked."
        return chain

    assert run_odd(monkeypatch, odd, problem=FREE).status == "finished"


def test_checks_are_free_and_served_after_the_tokens_are_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(root: Node) -> Search:
        chains = []
        try:
            for _ in range(100):
                chains += yield Expand([root])
        except BudgetExhausted:
            yield Check(chains)
        return chains[0]

    done = run_odd(monkeypatch, odd, max_tokens=100)
    assert done.status == "partial"
    assert any(node.kind == "execution" for node in done.tree.nodes)


# ---- the model as a judge --------------------------------------------------------------------------------


def test_the_judge_replies_in_the_tree_and_abstains_where_it_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def odd(root: Node) -> Search:
        chains = yield Expand([root], n=12)
        assert (yield Score(chains, by="judge")) == chains
        nodes = len(root.tree.nodes)
        assert (yield Score(chains, by="judge")) == chains
        assert len(root.tree.nodes) == nodes  # nobody is asked twice, abstentions included
        return chains[0]

    done = run_odd(monkeypatch, odd)
    assert done.status == "finished", done.status_reason
    critiques = [node for node in done.tree.nodes if node.kind == "critique"]
    assert len(critiques) == 12
    seen = set()
    for critique in critiques:
        judged = critique.parent
        assert judged is not None
        words = {1.0: "Verdict: right", 0.0: "Verdict: wrong"}.get(judged.scores.get("judge", -1.0))
        seen.add(words)
        assert words is None or critique.text.endswith(words)
        assert (critique.status == "pruned") == (words is None)
    assert seen == {"Verdict: right", "Verdict: wrong", None}


@pytest.mark.parametrize("max_tokens", [60, 75, 90, 120])
def test_a_budget_that_ends_amid_the_judging_keeps_the_verdicts_it_paid_for(
    monkeypatch: pytest.MonkeyPatch, max_tokens: int
) -> None:
    def odd(root: Node) -> Search:
        chains = yield Expand([root], n=2, sampling=Sampling(max_tokens=24))
        with contextlib.suppress(BudgetExhausted):
            yield Score(chains, by="judge")
        return chains[0]

    done = run_odd(monkeypatch, odd, max_tokens=max_tokens, problem=PUZZLE)
    assert done.usage.spent_tokens <= max_tokens
    finished = [node for node in done.tree.nodes if node.kind == "critique" and node.is_final]
    assert all("judge" in (node.parent or node).scores or node.status == "pruned" for node in finished)


def test_a_profile_without_thinking_is_asked_for_its_final_answer() -> None:
    from engine import prompts

    assert prompts.forced("close_thinking", Profile(), "") == prompts.FINAL_ANSWER
    assert prompts.end_of_thinking("so </think>\n\n", Profile()) == 0
