"""Sampling and refinement: best of n, self-consistency, self-refine, driven by hand without a scheduler."""

from __future__ import annotations

import pytest

from engine.budget import BudgetExhausted
from engine.requests import TURN, Expand, Score
from engine.strategies.best_of_n import best_of_n
from engine.strategies.chain_of_thought import chain_of_thought
from engine.strategies.direct import direct
from engine.strategies.self_consistency import self_consistency
from engine.strategies.self_refine import self_refine
from engine.tasks.problem import Problem
from engine.tree import Kind, Node, Tree
from tests.engine.scripted import run, spec


def grow(
    parent: Node, answer: str | None, kind: Kind = "step", text: str = "words", is_final: bool = True
) -> Node:
    node = parent.tree.add(parent, kind)
    parent.tree.append(node, [text], [-0.5])
    parent.tree.finish(node, is_final=is_final, answer=answer)
    return node


def finish(search, reply) -> Node:
    with pytest.raises(StopIteration) as stop:
        search.send(reply)
    return stop.value.value


def root() -> Node:
    return Tree("?", Problem("?")).root


def test_direct_does_not_think_and_a_chain_does() -> None:
    start = root()
    asked = next(direct(start))
    assert isinstance(asked, Expand)
    assert (asked.thinking, asked.sampling.temperature, asked.stop) == (False, 0.0, TURN)
    asked = next(chain_of_thought(start))
    assert isinstance(asked, Expand)
    assert asked.thinking


def test_self_consistency_answers_with_the_majority() -> None:
    start = root()
    search = self_consistency(start, n=4)
    next(search)
    chosen = finish(search, [grow(start, answer) for answer in ("1", "2", "2", None)])
    assert chosen.answer == "2"
    assert "2 of 3" in chosen.reason


def test_self_consistency_votes_with_what_was_finished_when_the_budget_ends() -> None:
    start = root()
    search = self_consistency(start, n=4)
    next(search)
    finished = grow(start, "5")
    grow(start, None, is_final=False)
    with pytest.raises(StopIteration) as stop:
        search.throw(BudgetExhausted())
    assert stop.value.value is finished


def test_best_of_n_scores_batch_by_batch() -> None:
    start = root()
    search = best_of_n(start, n=3, batch=2, scorer="verifier")
    asked = next(search)
    assert isinstance(asked, Expand)
    assert asked.n == 2
    chains = [grow(start, "1"), grow(start, None, is_final=False)]
    scoring = search.send(chains)
    assert scoring == Score([chains[0]], by="verifier")
    asked = search.send([chains[0]])
    assert isinstance(asked, Expand)
    assert asked.n == 1
    last = grow(start, "2")
    search.send([last])
    start.tree.score(last, "verifier", 1.0)
    assert finish(search, [last]) is last


def test_self_refine_stops_when_the_critique_finds_nothing() -> None:
    start = root()
    search = self_refine(start)
    next(search)
    draft = grow(start, "1")
    asked = search.send([draft])
    assert isinstance(asked, Expand)
    assert (asked.kind, asked.instruction, asked.thinking) == ("critique", "critique", False)
    asked = search.send([wrong := grow(draft, None, "critique", "Step 1 is wrong: 1 + 1 = 2, not 3.")])
    assert isinstance(asked, Expand)
    assert (asked.kind, asked.instruction, list(asked.nodes)) == ("revision", "rewrite", [wrong])
    revision = grow(wrong, "2", "revision")
    search.send([revision])
    assert draft.status == "pruned"
    chosen = finish(search, [grow(revision, None, "critique", "Every step is right.")])
    assert chosen is revision


def test_critiques_hold_the_words_the_model_was_asked() -> None:
    done = run(spec("self_refine", seed=1))
    critiques = [node for node in done.tree.nodes if node.kind == "critique"]
    assert critiques
    assert all(
        node.instruction.startswith("Check the solution") and node.thinking is False for node in critiques
    )
    assert all(node.answer is None for node in critiques)
    assert done.answer_node is not None
    assert done.answer_node.kind != "critique"
