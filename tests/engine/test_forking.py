"""Forks: a new run whose tree begins with the path to a node of an old one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import BadInput
from engine.runs import Origin, Run
from engine.strategies import STRATEGIES
from engine.tree import Node
from tests.engine.scripted import PUZZLE, make_scheduler, run, spec


@pytest.fixture(scope="module")
def source() -> Run:
    return run(spec("mcts", PUZZLE, rollouts=8))


def a_step(source: Run, depth: int = 2) -> Node:
    return next(node for node in source.tree.nodes if node.depth == depth and not node.is_final)


def fork(source: Run, node: int, strategy: str, steps: int | None = None, max_tokens=None, **params) -> Run:
    scheduler = make_scheduler()
    wanted = spec(strategy, "ignored", max_tokens, **params)
    made = scheduler.submit(replace(wanted, origin=Origin(source.id, node, steps)), source)
    scheduler.run_until_idle()
    return made


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_goes_on_from_a_step(source: Run, strategy: str) -> None:
    step = a_step(source)
    made = fork(source, step.id, strategy, max_tokens=600)
    assert made.status in ("finished", "partial"), made.status_reason
    assert made.spec.problem == source.spec.problem
    copied = made.tree.nodes[: step.depth + 1]
    assert [node.text for node in copied] == [node.text for node in step.path()]
    assert [node.scores for node in copied] == [node.scores for node in step.path()]
    grown = made.tree.nodes[step.depth + 1 :]
    assert grown
    assert all(copied[-1] in node.path() for node in grown)
    assert made.usage.generated_tokens == sum(node.tokens for node in grown) > 0
    assert made.usage.spent_tokens <= 600
    if made.answer_node is not None:
        assert made.answer_node in grown
        assert made.answer_node.turn_text.startswith(step.turn_text) or made.answer_node.kind == "revision"
    assert made.record()["origin"] == {"run": source.id, "node": step.id, "steps": None}


def test_a_chain_is_gone_on_from_after_some_of_its_lines() -> None:
    chain = run(spec("chain_of_thought", PUZZLE)).tree.nodes[1]
    source = run(spec("chain_of_thought", PUZZLE))
    first = chain.text.splitlines(keepends=True)[0]
    made = fork(source, 1, "self_consistency", steps=1, n=4)
    assert made.tree.nodes[1].text == first
    assert [node.parent and node.parent.id for node in made.tree.nodes[2:]] == [1] * 4
    assert all(node.turn_text.startswith(first) for node in made.tree.nodes[2:])
    reasons = [event.data.get("reason") for event in made.tree.events if event.node == 1]
    assert f"Copied from node 1 of run {source.id}." in reasons


def test_a_fork_of_a_revision_brings_the_conversation_along() -> None:
    runs = (run(spec("self_refine", PUZZLE, seed=seed)) for seed in range(20))
    source = next(made for made in runs if any(node.kind == "revision" for node in made.tree.nodes))
    revision = next(node for node in source.tree.nodes if node.kind == "revision")
    made = fork(source, revision.id, "best_of_n", steps=1, n=2, scorer="verifier")
    kinds = [node.kind for node in made.tree.nodes[:4]]
    assert kinds == ["question", "step", "critique", "revision"]
    assert [node.instruction for node in made.tree.nodes[:4]] == [
        node.instruction for node in revision.path()
    ]
    assert made.tree.nodes[1].is_final and not made.tree.nodes[3].is_final
    assert made.answer_node is not None and made.answer_node.id >= 4, "a copied answer is no candidate"


def test_what_cannot_be_gone_on_from_is_refused(source: Run) -> None:
    final = next(node for node in source.tree.nodes if node.is_final)
    for node, steps, words in [
        (10**6, None, "has no node"),
        (final.id, None, "ends its answer"),
        (a_step(source).id, 9, "fork after one of the first"),
    ]:
        with pytest.raises(BadInput, match=words):
            fork(source, node, "chain_of_thought", steps)
    with pytest.raises(BadInput, match="is not here"):
        make_scheduler().submit(replace(spec("direct"), origin=Origin("gone", 1)))


def test_a_fork_of_the_question_is_the_whole_problem_again(source: Run) -> None:
    made = fork(source, 0, "mcts", rollouts=8)
    assert [node.text for node in made.tree.nodes] == [node.text for node in source.tree.nodes]
