"""Sample until the majority is clear."""

from __future__ import annotations

from math import comb
from typing import Annotated

from engine.budget import BudgetExhausted
from engine.requests import TURN, Expand, Sampling, Search
from engine.strategies.parameters import Param, Temperature
from engine.strategies.selection import candidates, grouped, select
from engine.tree import Node


def adaptive_consistency(
    root: Node,
    threshold: Annotated[float, Param(0.5, 1.0, "How sure the leading answer must be to stop.")] = 0.95,
    round: Annotated[int, Param(1, 64, "Chains sampled before each look at the votes.")] = 4,
    n_max: Annotated[int, Param(1, 256, "Most chains sampled.")] = 40,
    temperature: Temperature = 0.8,
) -> Search:
    """Sample a few chains at a time, and stop once the leading answer will hardly lose its lead.

    After each round the two most frequent answers, with a and b votes, are compared: the probability that
    the first is the more likely one is P(Beta(a + 1, b + 1) > 1/2). Source: Aggarwal et al. 2023 (arXiv
    2305.11860, section 3), which looks after every sample; we look after each round, so that chains share
    decode steps. Chains that were sampled before (see `adaptive`) have their votes.
    """
    sampling = Sampling(temperature=temperature)
    chains = candidates(root)
    try:
        while len(chains) < n_max:
            if chains and _lead(root) >= threshold:
                break
            n = min(round, n_max - len(chains))
            chains = [*chains, *(yield Expand([root], n=n, stop=TURN, sampling=sampling, thinking=True))]
        else:
            _lead(root)
    except BudgetExhausted:
        if not candidates(root):
            raise
    return select(candidates(root) or chains, "majority", scorer=None)


def _lead(root: Node) -> float:
    """How surely the leading answer so far is the most likely one; recorded at the root with the votes."""
    answered = [node for node in candidates(root) if node.answer is not None]
    votes = sorted((len(group) for group in grouped(answered)), reverse=True)
    a, b = [*votes, 0, 0][:2]
    lead = probability_of_lead(a, b)
    root.note(lead={"votes": votes, "a": a, "b": b, "probability": lead})
    return lead


def probability_of_lead(a: int, b: int) -> float:
    """P(Beta(a + 1, b + 1) > 1/2) for whole a and b, exactly.

    The regularised incomplete beta function at whole arguments is a binomial sum: it is the probability
    that a fair coin shows at most a heads in a + b + 1 throws.
    """
    throws = a + b + 1
    return sum(comb(throws, heads) for heads in range(a + 1)) / 2**throws
