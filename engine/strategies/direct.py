"""Answer at once."""

from __future__ import annotations

from engine.requests import TURN, Expand, Sampling, Search
from engine.tree import Node


def direct(root: Node) -> Search:
    """Answer at once, with no reasoning: the baseline that every other strategy must beat.

    Greedy. Source: the standard prompting of Wei et al. 2022 (arXiv 2201.11903), without its examples.
    """
    (answer,) = yield Expand(
        [root], stop=TURN, kind="answer", sampling=Sampling(temperature=0.0), thinking=False
    )
    return answer
