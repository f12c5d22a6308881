"""AB-MCTS: beliefs recompute from the rewards in the record, and the larger draw decides."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.runs import Run
from engine.strategies.thompson import BetaPosterior, NormalPosterior, posterior
from engine.tree import Node
from tests.engine.scripted import PUZZLE, SUM, run, spec
from tests.engine.strategies.notes import notes

REWARDS = st.lists(st.floats(0, 1), max_size=30)


@given(REWARDS)
def test_the_normal_posterior_is_the_textbooks(rewards: list[float]) -> None:
    belief = posterior("normal", rewards)
    assert isinstance(belief, NormalPosterior)
    n, average = len(rewards), float(np.mean(rewards)) if rewards else 0.0
    assert (belief.kappa, belief.nu) == (1 + n, 1 + n)
    assert belief.mean == pytest.approx(n * average / (1 + n))
    squares = 0.1 + (float(np.var(rewards)) * n if n else 0.0) + n * average**2 / (1 + n)
    assert belief.tau_squared == pytest.approx(squares / (1 + n))


@given(REWARDS)
def test_the_beta_posterior_counts_rewards_as_shares_of_a_success(rewards: list[float]) -> None:
    belief = posterior("beta", rewards)
    assert isinstance(belief, BetaPosterior)
    assert belief.alpha == pytest.approx(0.5 + sum(rewards))
    assert belief.beta == pytest.approx(0.5 + len(rewards) - sum(rewards))


def test_draws_follow_the_posteriors() -> None:
    rng, rewards = random.Random(3), [0.2, 0.9, 0.7, 0.8, 0.4]
    normal = posterior("normal", rewards)
    assert isinstance(normal, NormalPosterior)
    # The marginal of the mean is Student's t.
    student = stats.t(normal.nu, normal.mean, np.sqrt(normal.tau_squared / normal.kappa))
    assert stats.kstest([normal.draw(rng) for _ in range(2000)], student.cdf).pvalue > 0.01
    beta = posterior("beta", rewards)
    assert isinstance(beta, BetaPosterior)
    drawn = [beta.draw(rng) for _ in range(2000)]
    assert stats.kstest(drawn, stats.beta(beta.alpha, beta.beta).cdf).pvalue > 0.01


def answer_above(node: Node) -> Node:
    """The answer that a revision refines, or the question: the criticism between is no place."""
    assert node.parent is not None
    return node.parent.parent if node.parent.kind == "critique" and node.parent.parent else node.parent


def rounds(done: Run, parallel: int) -> list[list[Node]]:
    """The answers made in each round, in order; critiques are none."""
    answers = [node for node in done.tree.nodes[1:] if node.kind != "critique"]
    return [answers[at : at + parallel] for at in range(0, len(answers), parallel)]


@pytest.mark.parametrize("prior", ["normal", "beta"])
def test_every_belief_recomputes_from_the_rewards_seen_until_then(prior: str) -> None:
    done = run(spec("ab_mcts", PUZZLE, prior=prior, rollouts=24, parallel=1, seed=4))
    assert done.status == "finished", done.status_reason
    wider: dict[Node, list[float]] = defaultdict(list)
    deeper: dict[Node, list[float]] = defaultdict(list)
    decided = iter(notes(done, "thompson"))
    for (made,) in rounds(done, 1):
        place = answer_above(made)
        path = [place]
        while path[0].parent is not None:
            path.insert(0, answer_above(path[0]))
        for at, node in enumerate(path):
            if not wider[node]:
                continue  # nothing was below it: no choice was made here
            noted, thompson = next(decided)
            assert noted is node
            check_belief(thompson["wider"], prior, wider[node])
            check_belief(thompson["deeper"], prior, deeper[node])
            goes_deeper = thompson["deeper"]["draw"] > thompson["wider"]["draw"]
            assert goes_deeper == (at + 1 < len(path))
            if goes_deeper:
                best = max(range(len(thompson["draws"])), key=lambda i: thompson["draws"][i])
                assert thompson["children"][best] == path[at + 1].id
        reward = made.scores["process_reward"]
        wider[place].append(reward)
        for node in path[:-1]:
            deeper[node].append(reward)
    assert next(decided, None) is None
    assert any(deeper.values())


def check_belief(noted: dict[str, Any], prior: str, rewards: list[float]) -> None:
    expected = posterior(prior, rewards)
    assert noted["n"] == len(rewards)
    for name in expected.__slots__:
        assert noted[name] == pytest.approx(getattr(expected, name))


def test_a_place_counts_the_answers_made_at_and_below_it() -> None:
    done = run(spec("ab_mcts", PUZZLE, rollouts=24, seed=4))
    answers = [node for node in done.tree.nodes[1:] if node.kind != "critique"]
    for node in answers:
        below = [other for other in answers if node in other.path()]
        assert node.search["visits"] == len(below)
        mean = sum(other.scores["process_reward"] for other in below) / len(below)
        assert node.search["value"] == pytest.approx(mean, abs=1e-5)
    assert done.tree.root.search["visits"] == len(answers) == 24


def test_deeper_is_a_criticism_asked_for_once_and_a_rewrite() -> None:
    done = run(spec("ab_mcts", PUZZLE, rollouts=32, seed=4))
    revisions = [node for node in done.tree.nodes if node.kind == "revision"]
    assert revisions
    critiques = [node for node in done.tree.nodes if node.kind == "critique"]
    assert len({critique.parent for critique in critiques}) == len(critiques)
    assert all(revision.parent in critiques for revision in revisions)
    assert all(critique.parent is not None and critique.parent.is_final for critique in critiques)


def test_an_answer_that_is_certain_ends_the_search() -> None:
    done = run(spec("ab_mcts", SUM, scorer="verifier", rollouts=4096))
    assert done.is_correct
    assert len(done.tree.nodes) < 100
