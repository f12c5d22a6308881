"""Diverse verifier tree search: subtrees do not compete, and only finished chains answer."""

from __future__ import annotations

import pytest

from engine.strategies import selection
from tests.engine.scripted import PUZZLE, SUM, run, spec


@pytest.mark.parametrize("aggregate", ["last", "min", "product", "mean"])
def test_each_subtree_keeps_its_own_best_step(aggregate: str) -> None:
    done = run(spec("dvts", PUZZLE, n=9, width=3, aggregate=aggregate, seed=2))
    first = [node for node in done.tree.nodes if node.depth == 1]
    assert len(first) == 9
    heads = 0
    for at in range(0, 9, 3):
        subtree = first[at : at + 3]
        scores = {node: selection.path_score(node, "process_reward", aggregate) for node in subtree}
        known = {node: score for node, score in scores.items() if score is not None}  # repeats are not scored
        parents = [node for node in subtree if any(child.parent is node for child in done.tree.nodes)]
        assert len(parents) == 1
        assert known[parents[0]] == max(known.values())
        heads += 1
    assert heads == 3


def test_subtrees_below_the_first_step_never_share_a_parent() -> None:
    done = run(spec("dvts", PUZZLE, n=8, width=2))
    for depth in (2, 3):
        level = [node for node in done.tree.nodes if node.depth == depth]
        for parent in {node.parent for node in level}:
            assert sum(node.parent is parent for node in level) == 2


def test_an_unfinished_chain_never_answers_while_a_finished_one_exists() -> None:
    for max_tokens in (150, 250, 400):
        done = run(spec("dvts", PUZZLE, max_tokens=max_tokens))
        if any(node.is_final for node in done.tree.nodes):
            assert done.answer_node is not None and done.answer_node.is_final


def test_a_depth_that_is_too_small_is_finished_in_one_go() -> None:
    done = run(spec("dvts", PUZZLE, depth=1))
    assert done.answer_node is not None
    assert done.answer_node.is_final
    assert done.answer_node.depth == 2


@pytest.mark.parametrize("rule", selection.RULES)
def test_the_chosen_rule_is_the_one_that_is_used(rule: str) -> None:
    done = run(spec("dvts", SUM, select=rule))
    finished = selection.candidates(done.tree.root)
    chosen, _ = selection.choose(finished, rule, "process_reward", "last")
    assert done.answer_node is chosen


def test_a_rest_of_n_makes_no_subtree_and_a_small_n_makes_one() -> None:
    assert sum(node.depth == 1 for node in run(spec("dvts", n=11, width=4)).tree.nodes) == 8
    assert sum(node.depth == 1 for node in run(spec("dvts", n=2, width=4)).tree.nodes) == 4
