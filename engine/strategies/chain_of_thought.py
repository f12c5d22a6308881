"""Reason once, then answer."""

from __future__ import annotations

from engine.requests import TURN, Expand, Sampling, Search
from engine.strategies.parameters import Temperature
from engine.tree import Node


def chain_of_thought(root: Node, temperature: Temperature = 0.0) -> Search:
    """One chain of reasoning steps, then the answer.

    Source: Wei et al. 2022 (arXiv 2201.11903); without worked examples in the prompt, as in Kojima et al.
    2022 (arXiv 2205.11916), since today's models reason when asked to.
    """
    (chain,) = yield Expand([root], stop=TURN, sampling=Sampling(temperature=temperature), thinking=True)
    return chain
