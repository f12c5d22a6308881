"""Selection rules against an independent computation."""

from __future__ import annotations

import math
import random
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.strategies import selection
from engine.tasks.problem import Problem
from engine.tree import Node, Tree

SCORES = st.lists(st.floats(0, 1).map(lambda x: round(x, 6)), min_size=1, max_size=6)


def candidate(
    tree: Tree, answer: str | None, steps: list[float], is_final: bool = True, logprob: float = -0.5
) -> Node:
    node = tree.add(tree.root)
    tree.append(node, ["word"], [logprob])
    tree.finish(node, is_final=is_final, answer=answer)
    if steps:
        tree.score(node, "judge", steps[-1], steps)
    return node


@pytest.mark.parametrize(("how", "value"), [("last", 0.5), ("min", 0.2), ("product", 0.08), ("mean", 0.5)])
def test_aggregations(how: str, value: float) -> None:
    assert selection.aggregate([0.8, 0.2, 0.5], how) == pytest.approx(value)


@given(SCORES, SCORES)
def test_a_path_score_aggregates_over_all_nodes_of_the_turn(first: list[float], second: list[float]) -> None:
    tree = Tree("?")
    step = candidate(tree, None, first, is_final=False)
    end = tree.add(step)
    tree.finish(end, is_final=True)
    tree.score(end, "judge", second[-1], second)
    whole = first + second

    assert selection.path_score(end, "judge", "last") == whole[-1]
    assert selection.path_score(end, "judge", "min") == min(whole)
    assert selection.path_score(end, "judge", "mean") == pytest.approx(sum(whole) / len(whole))
    assert selection.path_score(end, "judge", "product") == pytest.approx(math.prod(whole))


def test_scores_before_the_last_user_turn_do_not_count() -> None:
    tree = Tree("?")
    draft = candidate(tree, "1", [0.1])
    revision = tree.add(draft, "revision", "Rewrite the solution.")
    tree.finish(revision, is_final=True, answer="2")
    tree.score(revision, "judge", 0.9)
    assert selection.path_score(revision, "judge", "min") == 0.9


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20)), min_size=1, max_size=12))
def test_select_agrees_with_counting_by_hand(votes: list[tuple[str, int]]) -> None:
    tree = Tree("?", Problem("?", task="countdown"))  # a family: answers are canonical, no algebra is asked
    nodes = [candidate(tree, answer, [score / 20]) for answer, score in votes]
    counts: dict[str, int] = defaultdict(int)
    sums: dict[str, int] = defaultdict(int)
    for answer, score in votes:
        counts[answer] += 1
        sums[answer] += score

    best = selection.select(nodes, "best", "judge")
    assert best is nodes[[score for _, score in votes].index(max(score for _, score in votes))]
    majority = selection.select(nodes, "majority", None)
    assert majority.answer == max(
        counts, key=lambda answer: counts[answer]
    )  # a dict keeps the first seen first
    weighted = selection.select(nodes, "weighted", "judge")
    assert sums[weighted.answer or ""] == max(sums.values())
    assert majority.reason
    assert weighted.reason


@pytest.mark.parametrize("rule", selection.RULES)
def test_an_unfinished_candidate_is_never_chosen_over_a_finished_one(rule: str) -> None:
    tree = Tree("?", Problem("?"))
    unfinished = candidate(tree, None, [1.0], is_final=False)
    unanswered = candidate(tree, None, [0.9])
    finished = candidate(tree, "7", [0.1])

    assert selection.select([unfinished, unanswered, finished], rule, "judge") is finished
    assert selection.select([unfinished, unanswered], rule, "judge") is unanswered
    assert selection.select([unfinished], rule, "judge") is unfinished


def test_equal_answers_of_general_models_are_one_group_whatever_their_spelling() -> None:
    tree = Tree("?", Problem("?"))
    nodes = [candidate(tree, answer, []) for answer in ("7", "\\frac{1}{2}", "0.5", "1/2", "7", "8")]
    groups = selection.grouped(nodes)
    assert [[node.answer for node in group] for group in groups] == [
        ["7", "7"],
        ["\\frac{1}{2}", "0.5", "1/2"],
        ["8"],
    ]


def test_without_scores_the_more_likely_candidate_is_better_and_a_scored_one_best() -> None:
    tree = Tree("?")
    doubtful = candidate(tree, "1", [], logprob=-2.0)
    likely = candidate(tree, "2", [], logprob=-0.1)
    judged = candidate(tree, "3", [0.01], logprob=-3.0)
    assert selection.best([doubtful, likely], "judge") is likely
    assert selection.best([doubtful, likely, judged], "judge") is judged


def test_repeats_of_a_sibling_are_pruned_with_the_reason() -> None:
    tree = Tree("?")
    first, twin, cut = (tree.add(tree.root) for _ in range(3))
    for node in (first, twin):
        tree.append(node, ["1 + 1 = 2\n"], [-0.1])
        tree.finish(node, is_final=False)
    tree.abort(cut, "The budget ended.")
    assert selection.merge_duplicates([first, twin, cut]) == [first]
    assert (twin.status, twin.reason) == ("pruned", "The same text as node 1.")


def random_candidates(rng: random.Random) -> list[Node]:
    """Candidates of one to three nodes a turn, some unfinished, unanswered or unscored, with many ties."""
    tree = Tree("?", Problem("?", task="countdown"))
    found = []
    for _ in range(rng.randint(1, 9)):
        node = tree.root
        is_final, is_scored = rng.random() < 0.85, rng.random() < 0.9
        parts = rng.randint(1, 3)
        for part in range(parts):
            node = tree.add(node)
            tree.append(node, ["a", "b"], [-rng.random(), -rng.random()])
            answer = rng.choice(["1", "2", "3", None]) if is_final and part == parts - 1 else None
            tree.finish(node, is_final=is_final and part == parts - 1, answer=answer)
            if is_scored:
                steps = [rng.choice([0.0, 0.2, 0.5, 0.9, 1.0]) for _ in range(rng.randint(1, 3))]
                tree.score(node, "judge", steps[-1], steps)
        found.append(node)
    return found


def chosen_by_hand(nodes: list[Node], rule: str, how: str) -> Node:
    """The same choice, by NumPy over whole arrays."""
    reduce = {"last": lambda x: x[-1], "min": np.min, "product": np.prod, "mean": np.mean}[how]
    steps = [[s for part in node.path()[1:] for s in part.step_scores.get("judge", [])] for node in nodes]
    scores = np.array([reduce(np.array(s)) if s else np.nan for s in steps])
    likely = np.array(
        [np.mean([p for part in node.path()[1:] for p in part.token_logprobs]) for node in nodes]
    )
    allowed = np.array([node.is_final for node in nodes])
    allowed = allowed if allowed.any() else ~allowed
    answered = np.array([node.answer is not None for node in nodes]) & allowed
    allowed = answered if answered.any() else allowed
    if rule != "best":
        names = [node.answer or f"none of {node.id}" for node in nodes]
        order = list(
            dict.fromkeys(name for name, ok in zip(names, allowed, strict=True) if ok and name[0] != "n")
        )
        order += [name for name, ok in zip(names, allowed, strict=True) if ok and name[0] == "n"]
        members = [allowed & (np.array(names) == name) for name in order]
        weights = [m.sum() if rule == "majority" else np.nansum(scores[m]) for m in members]
        allowed = members[int(np.argmax(np.round(weights, 12)))]
    places = np.flatnonzero(allowed)
    ranks = [(not np.isnan(scores[i]), np.nan_to_num(scores[i]), likely[i]) for i in places]
    return nodes[places[max(range(len(places)), key=lambda i: ranks[i])]]


@pytest.mark.parametrize("rule", selection.RULES)
def test_every_rule_agrees_with_an_independent_choice_on_a_thousand_random_sets(rule: str) -> None:
    rng = random.Random(rule)
    for number in range(1000):
        nodes = random_candidates(rng)
        how = selection.AGGREGATIONS[number % 4]
        scorer = None if rule == "majority" and number % 2 else "judge"
        expected = chosen_by_hand(nodes, rule, how) if scorer else None
        chosen, reason = selection.choose(nodes, rule, scorer, how)
        assert reason.endswith(".")
        if expected is not None:
            assert chosen is expected
        assert selection.select(nodes, rule, scorer, how) is chosen
