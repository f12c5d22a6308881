"""The particle filter: weights and resampling recompute from the record."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit, softmax

from engine.strategies import selection
from engine.strategies.particle_filter import log_weight, systematic
from engine.strategies.particle_filter import softmax as weights_of
from engine.strategies.randomness import stream
from tests.engine.scripted import PUZZLE, run, spec
from tests.engine.strategies.notes import notes

WEIGHTS = st.lists(st.floats(0.01, 1), min_size=1, max_size=40)


@given(st.floats(0, 1))
def test_a_log_weight_is_the_clipped_logit(reward: float) -> None:
    assert log_weight(reward) == pytest.approx(logit(np.clip(reward, 1e-7, 1 - 1e-7)))


@given(st.lists(st.floats(-17, 17), min_size=1, max_size=40))
def test_weights_are_scipys_softmax(log_weights: list[float]) -> None:
    assert weights_of(log_weights) == pytest.approx(list(softmax(log_weights)))


@given(WEIGHTS, st.floats(0, 1, exclude_max=True))
def test_systematic_resampling_draws_each_its_share(raw: list[float], offset: float) -> None:
    weights = list(np.array(raw) / sum(raw))
    n = len(weights)
    drawn = systematic(weights, offset)
    teeth = (np.arange(n) + offset) / n
    assert drawn == list(np.minimum(np.searchsorted(np.cumsum(weights), teeth, side="right"), n - 1))
    for index, weight in enumerate(weights):
        assert np.floor(n * weight - 1e-9) <= drawn.count(index) <= np.ceil(n * weight + 1e-9)


@pytest.mark.parametrize("aggregate", ["last", "min", "product", "mean"])
def test_every_resampling_recomputes_from_the_record(aggregate: str) -> None:
    done = run(spec("particle_filter", PUZZLE, particles=8, aggregate=aggregate, seed=5))
    rng = stream(done.tree.root, "particle_filter")
    steps = notes(done, "resampling")
    assert len(steps) >= 3
    before: list[int] = [0] * 8
    for number, (root, step) in enumerate(steps):
        assert root is done.tree.root
        assert step["step"] == number
        particles = [done.tree.nodes[node] for node in step["particles"]]
        # Each particle is a child of what the last resampling drew, or a finished one that stayed.
        for node, parent in zip(particles, before, strict=True):
            assert node.id == parent or (node.parent is not None and node.parent.id == parent)
        rewards = [selection.path_score(node, "process_reward", aggregate) for node in particles]
        expected = logit(np.clip(np.array(rewards, dtype=float), 1e-7, 1 - 1e-7))
        assert step["log_weights"] == pytest.approx(list(expected))
        assert step["weights"] == pytest.approx(list(softmax(expected)))
        assert step["offset"] == rng.random()
        teeth = (np.arange(8) + step["offset"]) / 8
        places = np.minimum(np.searchsorted(np.cumsum(step["weights"]), teeth, side="right"), 7)
        assert step["drawn"] == [step["particles"][i] for i in places]
        before = step["drawn"]


def test_a_particle_that_is_not_drawn_is_pruned_with_its_weight() -> None:
    done = run(spec("particle_filter", PUZZLE))
    pruned = [node for node in done.tree.nodes if node.status == "pruned"]
    assert pruned
    assert all(node.search["copies"] == 0 and "not resampled" in node.reason for node in pruned)
    assert not any(child.parent in pruned for child in done.tree.nodes if child.parent is not done.tree.root)


def test_the_answer_is_a_particle_that_lives() -> None:
    done = run(spec("particle_filter", PUZZLE, seed=1))
    last = notes(done, "resampling")[-1][1]
    assert done.answer_node is not None
    assert done.answer_node.id in last["drawn"]
    assert done.answer_node.scores["process_reward"] == max(
        done.tree.nodes[node].scores["process_reward"] for node in last["drawn"]
    )


def test_a_scorer_that_abstains_on_steps_leaves_equal_weights() -> None:
    done = run(spec("particle_filter", PUZZLE, scorer="verifier", particles=4))
    first = notes(done, "resampling")[0][1]
    assert first["weights"] == [0.25] * 4
    assert done.status == "finished"
