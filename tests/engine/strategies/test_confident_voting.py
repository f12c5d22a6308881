"""DeepConf: the bar, the aborts and the vote recompute from the record's token confidences."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.protocol import Chunk
from engine.backends.scripted import ScriptedBackend
from engine.runs import Run
from engine.strategies.token_confidence import groups, measure, percentile
from tests.engine.scripted import PUZZLE, make_scheduler, run, spec
from tests.engine.strategies.notes import notes

CONFIDENCES = st.lists(st.floats(0, 30), min_size=1, max_size=60)


@given(CONFIDENCES, st.integers(1, 70))
def test_groups_are_sliding_means(confidences: list[float], window: int) -> None:
    width = min(window, len(confidences))
    expected = np.convolve(confidences, np.ones(width) / width, "valid")
    assert groups(confidences, window) == pytest.approx(list(expected))


@given(CONFIDENCES, st.integers(1, 20))
def test_measures(confidences: list[float], window: int) -> None:
    means = groups(confidences, window)
    assert measure(confidences, "lowest", window) == pytest.approx(min(means))
    assert measure(confidences, "tail", window) == pytest.approx(np.mean(confidences[-window:]))
    assert measure(confidences, "mean", window) == pytest.approx(np.mean(confidences))
    few = sorted(means)[: max(1, len(means) // 10)]
    assert measure(confidences, "bottom", window) == pytest.approx(np.mean(few))


@given(CONFIDENCES, st.floats(0, 100))
def test_percentiles_are_numpys(values: list[float], percent: float) -> None:
    assert percentile(values, percent) == pytest.approx(np.percentile(values, percent))


def play(**params: Any) -> Run:
    return run(spec("confident_voting", PUZZLE, **{"window": 4, "keep": 50, "consensus": 1.0} | params))


@pytest.mark.parametrize("keep", [10, 50, 90])
def test_the_warm_up_bar_recomputes_from_the_record(keep: int) -> None:
    done = play(keep=keep)
    record = done.record()["nodes"]
    lowest = [min(groups(node["token_confidences"], 4)) for node in record[1:9] if node["is_final"]]
    ((_, warmup),) = notes(done, "warmup")
    assert warmup["lowest"] == pytest.approx(lowest, abs=1e-6)
    assert warmup["bar"] == pytest.approx(np.percentile(lowest, 100 - keep), abs=1e-6)


def test_traces_below_the_bar_are_aborted_at_that_token_and_do_not_vote() -> None:
    done = play()
    bar = done.tree.root.search["warmup"]["bar"]
    later = done.tree.nodes[9:]
    aborted = [node for node in later if node.status == "aborted"]
    assert aborted
    for node in aborted:
        *before, last = groups(node.token_confidences, 4)
        assert last < bar + 1e-4  # the record rounds a token's confidence
        assert all(mean > bar - 1e-4 for mean in before)
        assert not node.is_final
    # A warm-up trace is whole; below the bar it does not vote.
    dropped = [node for node in done.tree.nodes[1:9] if node.status == "pruned"]
    assert dropped
    assert all(min(groups(node.token_confidences, 4)) < bar + 1e-6 for node in dropped)
    assert done.answer_node is not None
    assert done.answer_node.search["lowest"] >= bar


@pytest.mark.parametrize("weight", ["lowest", "bottom", "tail", "mean"])
def test_the_answer_holds_the_most_confidence(weight: str) -> None:
    done = play(weight=weight)
    bar = done.tree.root.search["warmup"]["bar"]
    votes: dict[str, float] = defaultdict(float)
    for node in done.tree.nodes[1:]:
        if node.is_final and node.answer and node.search["lowest"] >= bar:
            votes[node.answer] += measure(node.token_confidences, weight, 4)
    assert votes[done.answer or ""] == pytest.approx(max(votes.values()), abs=1e-3)
    others = [node for node in done.tree.nodes[1:] if node.is_final and node is not done.answer_node]
    for node in others:
        if node.status == "kept":
            assert f"confidence {measure(node.token_confidences, weight, 4):.2f}" in node.reason
        else:
            assert "below the bar" in node.reason


def test_sampling_stops_at_consensus() -> None:
    done = play(consensus=0.5, keep=100)
    shares = [consensus["share"] for _, consensus in notes(done, "consensus")]
    assert all(share < 0.5 for share in shares[:-1])
    assert shares[-1] >= 0.5
    assert len(done.tree.nodes) - 1 == 8 * len(shares) < 32


def test_a_model_that_tells_no_confidence_fails_the_run_with_the_reason() -> None:
    class Silent(ScriptedBackend):
        def step(self) -> list[Chunk]:
            return [
                Chunk(c.request_id, c.pieces, c.logprobs, (), c.prompt_tokens, 0, c.end)
                for c in super().step()
            ]

    scheduler = make_scheduler(Silent())
    failed = scheduler.submit(spec("confident_voting"))
    scheduler.run_until_idle()
    assert failed.status == "failed"
    assert "how sure" in failed.status_reason
