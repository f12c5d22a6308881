"""No strategy ever exceeds its budget on a real architecture, however small or odd the budget is."""

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
