"""Monte Carlo tree search: its statistics recompute from what happened."""

from __future__ import annotations

import math
from collections import defaultdict

import pytest

from engine.runs import Run
from engine.strategies import selection
from engine.strategies.mcts_statistics import REPEATS, Place, close
from engine.tree import Tree
from tests.engine.scripted import PUZZLE, SUM, run, spec

VALUES = ("mean", "rollout", "process")


def notes(done: Run, key: str) -> list[tuple[int, object]]:
    """(node, value) for every note of `key`, in order."""
    events = [event for event in done.tree.events if event.kind == "visited" and key in event.data["search"]]
    return [(event.node or 0, event.data["search"][key]) for event in events]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("rule", ["uct", "puct"])
def test_every_selection_term_recomputes_from_visits_and_values(rule: str, value: str) -> None:
    done = run(spec("mcts", rule=rule, value=value, c=1.1, rollouts=48, parallel=4, width=4, stop_at=1.0))
    found = notes(done, "selection")

    assert len(found) > 10
    for node, term in found:
        assert isinstance(term, dict)
        assert term["q"] == pytest.approx(term["total"] / term["n"])
        if rule == "uct":
            exploration = 1.1 * math.sqrt(math.log(term["n_parent"]) / term["n"])
        else:
            rate = math.log((term["n_parent"] + 19652 + 1) / 19652) + 1.25
            exploration = rate * term["prior"] * math.sqrt(term["n_parent"]) / (1 + term["n"])
        assert term["exploration"] == pytest.approx(exploration)
        assert term["sum"] == pytest.approx(term["q"] + exploration)
        assert done.tree.nodes[node].parent is not None


@pytest.mark.parametrize("value", VALUES)
def test_every_simulation_is_backed_up_over_its_whole_path(value: str) -> None:
    done = run(spec("mcts", value=value, rollouts=40, stop_at=1.0))
    visits: dict[int, int] = defaultdict(int)
    for node, count in notes(done, "visits"):
        visits[node] += 1
        assert count == visits[node]  # one more at a time

    assert visits[0] == done.tree.root.search["visits"]
    for node in done.tree.nodes:
        below = [child for child in done.tree.nodes if child.parent is node and "visits" in child.search]
        ended_here = visits[node.id] - sum(child.search["visits"] for child in below)
        # The question is never an end; another node is the end of at most one simulation.
        assert 0 <= ended_here <= (0 if node.parent is None else 1)
    weighted = [
        child.search["value"] * child.search["visits"]
        for child in done.tree.nodes[1:]
        if child.depth == 1 and child.search
    ]
    assert done.tree.root.search["value"] * visits[0] == pytest.approx(sum(weighted), abs=1e-3)


def test_rollouts_are_real_and_their_steps_join_the_tree() -> None:
    done = run(spec("mcts", value="rollout", rollouts=12, stop_at=1.0))
    final = [node for node in done.tree.nodes if node.is_final and node.status != "pruned"]
    assert len(final) >= 5
    assert all(node.depth > 2 for node in final)
    assert all("process_reward" in node.scores for node in final)


def test_one_score_of_one_with_an_exact_scorer_ends_the_search() -> None:
    done = run(spec("mcts", scorer="verifier", rollouts=4096))
    assert done.status == "finished"
    assert done.is_correct
    assert len(done.tree.nodes) < 200


def test_a_fully_explored_tree_ends_the_search() -> None:
    # Greedy: every sibling is the same, so there is one path and nothing more to find.
    done = run(spec("mcts", SUM, temperature=0.0, rollouts=4096))
    assert done.status == "finished"
    assert sum(node.is_final and node.status != "pruned" for node in done.tree.nodes) == 1


def test_a_node_is_done_when_many_draws_in_a_row_bring_nothing_new() -> None:
    tree = Tree(PUZZLE)
    top = Place(tree.root, visits=4, drawn=4)
    child = top.adopt(tree.add(tree.root, thinking=True))
    assert top.wants(4, 0.5) == 0  # its child is still open, and its visits ask for no more
    child.is_closed = True
    assert top.wants(4, 0.5) == 1
    top.repeats = REPEATS - 1
    close(top, 4, 0.5)
    assert not top.is_closed
    top.repeats = REPEATS
    close(top, 4, 0.5)
    assert top.is_closed


def test_a_tree_that_does_not_widen_is_done_with_its_first_children() -> None:
    tree = Tree(PUZZLE)
    top = Place(tree.root, visits=4, drawn=4)
    top.adopt(tree.add(tree.root, thinking=True)).is_closed = True
    close(top, 4, 0.0)
    assert top.is_closed


def test_the_search_finds_further_first_steps_than_it_drew_at_first() -> None:
    done = run(spec("mcts", width=1, widening=0.5, rollouts=30, stop_at=1.0))
    assert sum(node.depth == 1 and bool(node.search) for node in done.tree.nodes) > 3


@pytest.mark.parametrize("output", ["best", "most_visited", "vote"])
def test_outputs_choose_a_finished_answer(output: str) -> None:
    done = run(spec("mcts", output=output, stop_at=1.0))
    assert done.answer_node is not None
    assert done.answer_node.is_final
    finished = selection.candidates(done.tree.root)
    if output == "best":
        scores = [selection.path_score(node, "process_reward") or 0 for node in finished]
        assert selection.path_score(done.answer_node, "process_reward") == max(scores)
    if output == "most_visited":
        first = done.answer_node.path()[1]
        siblings = [node for node in done.tree.nodes if node.depth == 1 and node.search]
        assert first.search["visits"] == max(node.search["visits"] for node in siblings)


def test_paths_that_reach_the_depth_are_finished_in_one_go() -> None:
    done = run(spec("mcts", PUZZLE, depth=2, value="process"))
    assert done.answer_node is not None
    assert done.answer_node.is_final
    assert max(node.depth for node in done.tree.nodes) <= 2


@pytest.mark.parametrize("how", ["last", "min", "product", "mean"])
def test_every_aggregation_scores_the_whole_turn(how: str) -> None:
    done = run(spec("mcts", aggregate=how, value="rollout", rollouts=8))
    assert done.answer_node is not None
    turn = done.answer_node.turn()
    assert how == "last" or all("process_reward" in node.scores for node in turn)
