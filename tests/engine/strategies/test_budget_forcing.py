"""Budget forcing: thoughts are taken back, closed when too long, and every token is accounted for."""

from __future__ import annotations

import pytest

from engine.requests import THOUGHT, TURN, Expand
from engine.strategies.budget_forcing import budget_forcing
from engine.tasks.problem import Problem, split_turn
from engine.tree import Node, Tree
from tests.engine.scripted import SUM, run, spec


@pytest.mark.parametrize("waits", [0, 1, 3])
@pytest.mark.parametrize("wait_text", ["Wait", "Hmm"])
def test_each_wait_takes_back_the_end_of_the_thinking(waits: int, wait_text: str) -> None:
    done = run(spec("budget_forcing", SUM, waits=waits, wait_text=wait_text))
    thoughts = done.tree.nodes[1:-1]
    assert len(thoughts) == waits + 1
    assert all(thought.text.endswith("</think>") for thought in thoughts)
    assert [thought.forced for thought in thoughts] == [""] + [f"{wait_text}\n"] * waits
    assert done.answer_node is not None
    said = done.answer_node.turn_text
    assert said.count("</think>") == 1
    assert said.count(f"{wait_text}\n") == waits
    assert split_turn(said)[0] == split_turn(thoughts[-1].text)[0]  # only what follows the last wait counts
    assert done.answer == done.answer_node.answer is not None


def test_thinking_that_reaches_its_limit_is_closed_and_answered() -> None:
    done = run(spec("budget_forcing", SUM, waits=6, max_thinking_tokens=10))
    thought, answer = done.tree.nodes[1:]
    assert thought.tokens == 10
    assert "</think>" not in thought.text
    assert answer.forced == "</think>\n\n"
    assert answer.answer == done.answer is not None
    assert "its thinking was closed" in answer.reason


def test_the_limit_holds_for_all_thoughts_together() -> None:
    first = run(spec("budget_forcing", SUM, waits=0)).tree.nodes[1].tokens
    done = run(spec("budget_forcing", SUM, waits=3, max_thinking_tokens=2 * first - 3))
    thoughts = [node for node in done.tree.nodes[1:] if node.kind == "step"]
    assert [thought.tokens for thought in thoughts] == [first, first - 3]


def test_the_limit_that_falls_on_the_end_of_the_thinking_closes_it_once() -> None:
    first = run(spec("budget_forcing", SUM, waits=0)).tree.nodes[1].tokens
    done = run(spec("budget_forcing", SUM, waits=1, max_thinking_tokens=first))
    assert done.answer_node is not None
    assert done.answer_node.turn_text.count("</think>") == 1
    assert done.answer_node.struck == len("</think>")


def test_a_model_without_thinking_is_taken_back_at_the_end_of_its_turn() -> None:
    tree = Tree("?", Problem("?"))

    def grow(asked: Expand, text: str, answer: str | None) -> Node:
        (parent,) = asked.nodes
        node = tree.add(parent, asked.kind, forced=asked.forced)
        tree.append(node, [text, ""], [-0.1, -0.1])
        tree.finish(node, is_final=True, answer=answer)
        return node

    search = budget_forcing(tree.root, waits=1)
    asked = next(search)
    assert isinstance(asked, Expand)
    assert (asked.stop, asked.sampling.temperature, asked.thinking) == (THOUGHT, 0.0, True)
    asked = search.send([grow(asked, "It is 3.", "3")])
    assert isinstance(asked, Expand)
    assert (asked.stop, asked.forced) == (THOUGHT, "Wait")
    with pytest.raises(StopIteration) as stop:
        search.send([grow(asked, " no, 2.", "2")])
    assert stop.value.value.answer == "2"


def test_a_turn_that_ended_amid_the_thinking_is_asked_for_its_answer() -> None:
    tree = Tree("?", Problem("?"))
    search = budget_forcing(tree.root, waits=0)
    next(search)
    lost = tree.add(tree.root)
    tree.append(lost, ["so"], [-0.1])
    tree.finish(lost, is_final=True)
    asked = search.send([lost])
    assert isinstance(asked, Expand)
    assert (asked.stop, asked.forced, asked.kind) == (TURN, "close_thinking", "answer")
