"""Tree of thoughts: the model's own words decide, and the values recompute from them."""

from __future__ import annotations

import pytest

from engine import prompts
from engine.runs import Run
from engine.tree import Node
from tests.engine.scripted import PUZZLE, run, spec
from tests.engine.strategies.notes import notes


def judges_of(done: Run, state: Node) -> list[Node]:
    return [node for node in done.tree.nodes if node.parent is state and node.kind == "critique"]


def test_a_states_value_is_the_mean_of_what_its_judges_said() -> None:
    done = run(spec("tree_of_thoughts", PUZZLE, breadth=3, proposals=4))
    judged = notes(done, "judgements")
    assert len(judged) > 6
    abstained = 0
    for state, values in judged:
        judges = judges_of(done, state)
        assert values == [prompts.state_value(judge.text) for judge in judges]
        assert len(values) == 3
        known = [value for value in values if value is not None]
        abstained += 3 - len(known)
        assert state.search["value"] == pytest.approx(sum(known) / len(known) / 20)
        assert all((judge.status == "pruned") == (v is None) for judge, v in zip(judges, values, strict=True))
    assert abstained


@pytest.mark.parametrize("breadth", [1, 3])
def test_what_is_kept_is_worth_no_less_than_what_is_pruned(breadth: int) -> None:
    done = run(spec("tree_of_thoughts", PUZZLE, breadth=breadth, proposals=6))
    states = {event.node for event in done.tree.events if event.kind == "visited"}
    for depth in (1, 2, 3):
        level = [node for node in done.tree.nodes if node.depth == depth and node.id in states]
        level = [node for node in level if not node.is_final]
        parents = {node.parent for node in done.tree.nodes if node.kind == "step"}
        kept = [node for node in level if node in parents]
        pruned = [node for node in level if node.status == "pruned"]
        assert len(kept) <= breadth
        if kept and pruned:
            assert max(node.search["value"] for node in pruned) <= min(node.search["value"] for node in kept)


def test_states_that_are_open_at_the_depth_are_finished_and_judged() -> None:
    done = run(spec("tree_of_thoughts", PUZZLE, depth=1, breadth=2, proposals=3))
    assert done.answer_node is not None
    assert done.answer_node.is_final
    finals = [node for node in done.tree.nodes if node.is_final and node.kind == "step"]
    assert len(finals) == 2
    assert all(len(judges_of(done, node)) == 3 for node in finals)
    assert done.answer_node.search["value"] == max(node.search["value"] for node in finals)


def test_judges_say_a_word_and_their_tokens_count() -> None:
    done = run(spec("tree_of_thoughts", PUZZLE))
    judges = [node for node in done.tree.nodes if node.kind == "critique"]
    assert judges
    assert all(0 < judge.tokens <= 16 and judge.thinking is False for judge in judges)
    assert done.usage.generated_tokens == sum(node.tokens for node in done.tree.nodes)
