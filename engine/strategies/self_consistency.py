"""Many chains, one vote each."""

from __future__ import annotations

from typing import Annotated

from engine.budget import BudgetExhausted
from engine.requests import TURN, Expand, Sampling, Search
from engine.strategies.parameters import Param, Temperature
from engine.strategies.selection import candidates, select
from engine.tree import Node


def self_consistency(
    root: Node,
    n: Annotated[int, Param(1, 256, "Chains sampled, each with one vote.")] = 16,
    temperature: Temperature = 0.8,
) -> Search:
    """Sample many chains and answer with what most of them say.

    When the budget ends, the chains that were finished vote. Source: Wang et al. 2022 (arXiv 2203.11171).
    """
    try:
        chains = yield Expand(
            [root], n=n, stop=TURN, sampling=Sampling(temperature=temperature), thinking=True
        )
    except BudgetExhausted:
        chains = candidates(root)
        if not chains:
            raise
    return select(chains, "majority", scorer=None)
