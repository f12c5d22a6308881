"""Adaptive: the probe's numbers decide the route, and the tree says why."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest

from engine.runs import Run
from engine.strategies.selection import mean_logprob
from tests.engine.scripted import FREE, PUZZLE, SUM, run, spec
from tests.engine.strategies.notes import notes


def route(done: Run) -> dict:
    ((root, decided),) = notes(done, "route")
    assert root is done.tree.root
    return decided


def agreement(done: Run, probe: int = 4) -> tuple[float, float]:
    probes = [node for node in done.tree.nodes[1 : probe + 1] if node.answer is not None]
    answer, votes = Counter(node.answer for node in probes).most_common(1)[0]
    likely = [math.exp(mean_logprob(node)) for node in probes if node.answer == answer]
    return votes / probe, sum(likely) / votes


@pytest.mark.parametrize("problem", [SUM, PUZZLE, FREE])
@pytest.mark.parametrize("seed", range(4))
def test_the_route_follows_from_the_numbers_in_the_record(problem: str, seed: int) -> None:
    params: dict[str, Any] = {
        "stop_agreement": 1.0,
        "stop_confidence": 0.6,
        "stop_score": 0.98,
        "sample_agreement": 0.75,
        "hard": 0.5,
    }
    done = run(spec("adaptive", problem, seed=seed, **params))
    decided = route(done)
    share, confidence = agreement(done)
    assert decided["agreement"] == pytest.approx(share, abs=1e-4)
    assert decided["confidence"] == pytest.approx(confidence, abs=1e-3)
    if share >= 1 and confidence >= 0.6:
        expected = {"stop"}
    else:
        scores = [node.scores[done.spec.params["scorer"]] for node in done.tree.nodes[1:5]]
        assert decided["difficulty"] == pytest.approx(1 - sum(scores) / 4, abs=1e-3)
        if max(scores) >= 0.98:
            expected = {"stop"}
        elif share >= 0.75 and decided["leading_score"] >= 0.5:
            expected = {"sample"}
        else:
            expected = {"search"} if decided["difficulty"] >= 0.5 else {"search", "repair"}
    assert decided["choice"] in expected
    assert decided["reason"].endswith(".")


def test_probes_that_agree_on_what_the_scorer_thinks_wrong_are_not_sampled_on() -> None:
    sampled: dict[str, Any] = {"stop_confidence": 1.0, "stop_score": 1.0, "sample_agreement": 0.0}
    found = [route(run(spec("adaptive", PUZZLE, seed=seed, **sampled))) for seed in range(24)]
    for decided in found:
        assert (decided["choice"] == "sample") == (decided["leading_score"] >= 0.5)
    assert {decided["choice"] for decided in found} >= {"sample", "search"}


def test_stopping_costs_the_probe_alone() -> None:
    done = run(spec("adaptive", SUM, stop_confidence=0.0, stop_agreement=0.5))
    assert route(done)["choice"] == "stop"
    assert len(done.tree.nodes) == 5
    assert done.usage.scorer_tokens == 0


@pytest.mark.parametrize(
    ("choice", "params", "kinds"),
    [
        (
            "sample",
            {"stop_confidence": 1.0, "stop_score": 1.0, "sample_agreement": 0.0},
            {"question", "step"},
        ),
        (
            "search",
            {"stop_confidence": 1.0, "stop_score": 1.0, "sample_agreement": 1.0, "hard": 0.0},
            {"question", "step"},
        ),
        (
            "repair",
            {"stop_confidence": 1.0, "stop_score": 1.0, "sample_agreement": 1.0, "hard": 1.0},
            {"question", "step", "execution", "revision"},
        ),
    ],
)
def test_each_route_leaves_its_own_structure(
    monkeypatch: pytest.MonkeyPatch, choice: str, params: dict[str, Any], kinds: set[str]
) -> None:
    monkeypatch.setattr("engine.backends.scripted.SLIP", 0.7 if choice == "repair" else 0.15)
    problem = SUM if choice == "repair" else PUZZLE
    found = [run(spec("adaptive", problem, seed=seed, **params)) for seed in range(12)]
    taken = [done for done in found if route(done)["choice"] == choice]
    assert taken
    assert {node.kind for done in taken for node in done.tree.nodes} == kinds
    for done in taken:
        assert len(done.tree.nodes) > 5 or choice == "repair"
        assert done.answer_node is not None


def test_the_probes_have_their_votes_when_sampling_goes_on() -> None:
    done = run(spec("adaptive", PUZZLE, stop_confidence=1.0, stop_score=1.0, sample_agreement=0.0, most=4))
    leads = notes(done, "lead")
    assert sum(leads[0][1]["votes"]) == 4
    assert len(done.tree.nodes) - 1 <= 8
