"""Adaptive consistency stops by the Beta rule, which agrees with SciPy."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.strategies.adaptive_consistency import probability_of_lead
from tests.engine.scripted import PUZZLE, SUM, run, spec
from tests.engine.strategies.notes import notes


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_rule_agrees_with_scipy(a: int, b: int) -> None:
    assert probability_of_lead(a, b) == pytest.approx(stats.beta.sf(0.5, a + 1, b + 1), abs=1e-12)


@pytest.mark.parametrize("threshold", [0.6, 0.95, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_it_stops_at_the_first_round_that_is_sure_and_the_record_says_so(threshold: float, seed: int) -> None:
    done = run(spec("adaptive_consistency", PUZZLE, threshold=threshold, n_max=21, seed=seed))
    chains = done.tree.nodes[1:]
    leads = notes(done, "lead")
    for look, (node, lead) in enumerate(leads, start=1):
        assert node is done.tree.root
        seen = chains[: min(4 * look, 21)]
        votes = sorted(Counter(chain.answer for chain in seen if chain.answer).values(), reverse=True)
        assert lead["votes"] == votes
        a, b = [*votes, 0, 0][:2]
        assert (lead["a"], lead["b"]) == (a, b)
        assert lead["probability"] == pytest.approx(stats.beta.sf(0.5, a + 1, b + 1))
        assert (lead["probability"] >= threshold) <= (look == len(leads))
    assert len(chains) == 21 or leads[-1][1]["probability"] >= threshold
    assert threshold < 1 or len(chains) == 21


def test_agreement_at_once_needs_one_round() -> None:
    done = run(spec("adaptive_consistency", SUM))
    assert len(done.tree.nodes) == 5
    assert done.tree.root.search["lead"]["probability"] == 1 - 0.5**5


def test_when_the_budget_ends_the_finished_chains_vote() -> None:
    done = run(spec("adaptive_consistency", PUZZLE, max_tokens=100))
    assert done.status == "partial"
    assert done.answer_node is not None and done.answer_node.is_final
