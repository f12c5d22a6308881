"""Many chains, judged by a scorer."""

from __future__ import annotations

from typing import Annotated

from engine.budget import BudgetExhausted
from engine.requests import TURN, Expand, Sampling, Score, Search
from engine.strategies import selection
from engine.strategies.parameters import Aggregate, Param, Scorer, Select, Temperature
from engine.tree import Node


def best_of_n(
    root: Node,
    n: Annotated[int, Param(1, 256, "Chains sampled.")] = 16,
    temperature: Temperature = 0.8,
    scorer: Scorer = "auto",
    aggregate: Aggregate = "last",
    select: Select = "best",
    batch: Annotated[int, Param(1, 256, "Chains sampled before each round of scoring.")] = 16,
) -> Search:
    """Sample many chains, score each, and answer with the best.

    Chains are sampled and scored `batch` at a time, so that a budget that ends early leaves scored
    candidates rather than many unscored ones. Source: Cobbe et al. 2021 (arXiv 2110.14168), with the
    weighted vote of Li et al. 2022 (arXiv 2206.02336) as a choice.
    """
    try:
        for start in range(0, n, batch):
            chains = yield Expand(
                [root],
                n=min(batch, n - start),
                stop=TURN,
                sampling=Sampling(temperature=temperature),
                thinking=True,
            )
            yield Score([chain for chain in chains if chain.is_final], by=scorer)
    except BudgetExhausted:
        if not selection.candidates(root):
            raise
    return selection.select(selection.candidates(root) or chains, select, scorer, aggregate)
