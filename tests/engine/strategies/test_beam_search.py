"""Beam search keeps the best, and says why with the numbers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from engine.budget import BudgetExhausted
from engine.requests import Expand, Search
from engine.strategies import selection
from engine.strategies.beam_search import beam_search
from engine.strategies.dvts import dvts
from engine.tasks.problem import Problem
from engine.tree import Node, Tree
from tests.engine.scripted import PUZZLE, SUM, run, spec


@pytest.mark.parametrize("aggregate", ["last", "min", "product", "mean"])
def test_what_is_pruned_scored_no_better_than_what_was_kept_in_the_same_step(aggregate: str) -> None:
    done = run(spec("beam_search", aggregate=aggregate, beams=3, width=3))
    for depth in range(1, 4):
        level = [
            node for node in done.tree.nodes if node.depth == depth and node.scores and not node.is_final
        ]
        pruned = [node for node in level if node.status == "pruned"]
        kept = [node for node in level if node.status != "pruned"]
        score = {node: selection.path_score(node, "process_reward", aggregate) or 0 for node in level}
        assert not pruned or len(kept) == 3
        assert all(score[loser] <= min(score[node] for node in kept) for loser in pruned)


def test_reasons_hold_the_numbers() -> None:
    done = run(spec("beam_search"))
    pruned = [node for node in done.tree.nodes if node.status == "pruned" and node.scores]
    assert pruned
    for node in pruned:
        found = re.fullmatch(r"Scored (\d\.\d\d), below the 4 kept \(lowest (\d\.\d\d)\)\.", node.reason)
        assert found, node.reason
        assert float(found[1]) == pytest.approx(node.scores["process_reward"], abs=0.005)
        assert float(found[1]) <= float(found[2])


def test_equal_siblings_are_merged_before_they_are_scored() -> None:
    done = run(spec("beam_search", SUM))
    twins = [node for node in done.tree.nodes if node.reason.startswith("The same text as node")]
    assert twins
    assert not any(node.scores for node in twins)


def test_a_step_is_scored_where_its_lookahead_ends() -> None:
    done = run(spec("beam_search", lookahead=1, depth=2, beams=2, width=2))
    ahead = [node for node in done.tree.nodes if node.reason.startswith("A look ahead")]
    assert ahead
    for node in ahead:
        assert "process_reward" in node.scores
        assert node.parent is not None
        assert "process_reward" not in node.parent.scores


@pytest.mark.parametrize("aggregate", ["min", "product", "mean"])
def test_with_lookahead_every_step_counts_that_the_aggregation_asks_for(aggregate: str) -> None:
    done = run(spec("beam_search", lookahead=1, depth=2, beams=2, width=2, aggregate=aggregate))
    ahead = [node for node in done.tree.nodes if node.reason.startswith("A look ahead")]
    assert ahead
    for node in ahead:
        scores = [part.scores["process_reward"] for part in node.turn()]
        assert selection.path_score(node, "process_reward", aggregate) == pytest.approx(
            selection.aggregate(scores, aggregate)
        )


def answer_to_the_end(search: Search, reply: list[Node]) -> None:
    for _ in range(9):
        reply = list(search.send(reply).nodes)


@pytest.mark.parametrize("search", [beam_search, dvts])
def test_where_every_branch_is_cut_off_the_best_so_far_is_asked_for(search: Callable[..., Search]) -> None:
    root = Tree("?", Problem("?")).root
    going = search(root)
    asked = next(going)
    assert isinstance(asked, Expand)
    cut = [root.tree.add(root) for _ in range(asked.n * len(asked.nodes))]
    for node in cut:
        root.tree.abort(node, "It had no number.")
    with pytest.raises(BudgetExhausted):
        answer_to_the_end(going, cut)


def test_a_depth_that_is_too_small_still_gives_an_answer() -> None:
    done = run(spec("beam_search", PUZZLE, depth=1))
    assert done.answer_node is not None
    assert done.answer_node.is_final
