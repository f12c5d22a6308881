"""The two scorers that cost no tokens: the exact verifier, and the model's own confidence."""

from __future__ import annotations

import math

import pytest

from engine.errors import ScorerUnavailable
from engine.scoring.confidence import Confidence, TokenConfidence
from engine.scoring.unit_tests import UnitTests
from engine.scoring.verifier import Verifier
from engine.tasks import programs
from engine.tasks.problem import Problem
from engine.tree import Node, Tree


def said(
    tree: Tree, parent: Node, logprobs: list[float], answer: str | None = None, is_final: bool = False
) -> Node:
    node = tree.add(parent)
    tree.append(node, ["x"] * len(logprobs), logprobs)
    tree.finish(node, is_final=is_final, answer=answer)
    return node


def test_the_verifier_knows_right_from_wrong_and_abstains_while_unfinished() -> None:
    tree = Tree("?", Problem("?", expected="0.5"))
    right = said(tree, tree.root, [-0.1], "\\frac{1}{2}", is_final=True)
    wrong = said(tree, tree.root, [-0.1], "0.4", is_final=True)
    silent = said(tree, tree.root, [-0.1], None, is_final=True)
    unfinished = said(tree, tree.root, [-0.1])

    verdicts = Verifier().score([right, wrong, silent, unfinished])
    assert [verdict.value for verdict in verdicts] == [1.0, 0.0, 0.0, None]
    assert Verifier().cost([right, wrong]) == [0, 0]
    assert Verifier.is_exact


def test_without_a_truth_the_verifier_is_unavailable() -> None:
    tree = Tree("?", Problem("?"))
    node = said(tree, tree.root, [-0.1], "1", is_final=True)
    with pytest.raises(ScorerUnavailable, match="expected answer"):
        Verifier().score([node])


def test_unit_tests_go_by_what_the_problem_shows_alone() -> None:
    problem = programs.parse(programs.example)
    assert problem is not None
    tree = Tree(
        problem.text, programs.with_tests(problem, [[[2, 1], [2, 1]]])
    )  # a hidden test of another mind
    right = said(tree, tree.root, [-0.1], "xs = sorted(xs)", is_final=True)
    wrong = said(tree, tree.root, [-0.1], "xs = xs[::-1]", is_final=True)
    unfinished = said(tree, tree.root, [-0.1])
    assert [v.value for v in UnitTests().score([right, wrong, unfinished])] == [1.0, 0.0, None]
    assert [v.value for v in Verifier().score([right])] == [0.0]
    assert not UnitTests.is_exact


def test_unit_tests_judge_programs_only() -> None:
    tree = Tree("?", Problem("?", expected="1"))
    with pytest.raises(ScorerUnavailable, match="no test"):
        UnitTests().score([said(tree, tree.root, [-0.1], "1", is_final=True)])


def test_confidence_is_the_mean_token_probability_of_the_turn() -> None:
    tree = Tree("?", Problem("?"))
    first = said(tree, tree.root, [math.log(0.5)] * 3)
    second = said(tree, first, [math.log(0.25)])
    empty = said(tree, tree.root, [])

    values = [verdict.value for verdict in Confidence().score([first, second, empty])]
    assert values[0] == pytest.approx(0.5, abs=1e-4)
    assert values[1] == pytest.approx((0.5**3 * 0.25) ** 0.25, abs=1e-4)
    assert values[2] is None


@pytest.mark.parametrize(
    ("how", "value"),
    [("mean", 1 - math.log(20) / 7.0), ("tail", 1 - math.log(20) / 8.0), ("lowest", 1 - math.log(20) / 6.0)],
)
def test_token_confidences_are_read_over_the_whole_turn_and_squashed_in_order(how: str, value: float) -> None:
    tree = Tree("?", Problem("?"))
    first = tree.add(tree.root)
    tree.append(first, ["x"] * 32, [-0.1] * 32, [6.0] * 32)
    second = tree.add(first)
    tree.append(second, ["x"] * 32, [-0.1] * 32, [8.0] * 32)
    silent = said(tree, tree.root, [-0.1])

    scorer = TokenConfidence(how)
    assert scorer.name == f"confidence_{how}"
    values = [verdict.value for verdict in scorer.score([second, silent])]
    assert values[0] == pytest.approx(value)
    assert values[1] is None
    assert scorer.cost([second]) == [0]


def test_the_least_confidence_there_is_scores_zero() -> None:
    tree = Tree("?", Problem("?"))
    node = tree.add(tree.root)
    tree.append(node, ["x"], [-0.1], [math.log(20)])
    assert TokenConfidence("mean").score([node])[0].value == pytest.approx(0, abs=1e-4)
