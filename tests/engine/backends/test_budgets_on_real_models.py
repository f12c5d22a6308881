"""On a real architecture no strategy exceeds its budget, however odd, and scorers need no scripted help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.budget import Budget
from engine.strategies import STRATEGIES
from tests.engine.backends.test_strategies_on_real_models import scheduler, spec


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_keeps_every_budget_with_a_random_qwen3(strategy: str) -> None:
    loop = scheduler("qwen3")
    limits = (1, 7, 100, 1001)
    runs = [loop.submit(replace(spec(strategy), budget=Budget(max_tokens=limit))) for limit in limits]
    loop.run_until_idle()
    for limit, run in zip(limits, runs, strict=True):
        assert run.status in ("finished", "partial"), run.status_reason
        assert 0 < run.usage.spent_tokens <= limit
        assert sum(node.tokens for node in run.tree.nodes) == run.usage.generated_tokens
        assert [node.id for node in run.tree.nodes if node.parent is None] == [0]


@pytest.mark.parametrize("scorer", ["judge", "confidence_mean", "confidence_tail", "confidence_lowest"])
def test_scorers_that_need_no_other_model_judge_a_random_qwen3(scorer: str) -> None:
    loop = scheduler("qwen3")
    run = loop.submit(replace(spec("best_of_n", n=4, scorer=scorer), budget=Budget(max_tokens=1001)))
    loop.run_until_idle()
    assert run.status in ("finished", "partial"), run.status_reason
    assert run.usage.scorer_tokens == 0
    finished = [node for node in run.tree.nodes if node.is_final and node.kind == "step"]
    if scorer == "judge":
        # A random model states no verdict: the judge was asked, and abstains.
        asked = [node for node in run.tree.nodes if node.kind == "critique"]
        assert {node.parent for node in asked} == set(finished)
        assert not any("judge" in node.scores for node in run.tree.nodes)
    else:
        assert all(scorer in node.scores for node in finished)
