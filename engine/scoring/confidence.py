"""Confidence: how likely the model found its own words, exp(mean ln p) over the turn's tokens, in [0, 1].

Knows log-probabilities only; costs no tokens. Does not know whether a likely answer is right. It is the
length-normalised sequence probability used as a baseline by Kadavath et al. 2022 (arXiv 2207.05221).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.scoring.protocol import Verdict
from engine.tree import Node


class Confidence:
    """Geometric mean of the token probabilities of what the assistant said since the last user turn."""

    name = "confidence"
    is_exact = False
    parameters = 0

    def cost(self, nodes: Sequence[Node]) -> list[int]:
        return [0] * len(nodes)

    def score(self, nodes: Sequence[Node]) -> list[Verdict]:
        """One value a node; an abstention where no token has been generated."""
        verdicts = []
        for node in nodes:
            turn = node.turn()
            tokens = sum(part.tokens for part in turn)
            mean = sum(part.logprob for part in turn) / tokens if tokens else None
            verdicts.append(Verdict(None if mean is None else min(1.0, math.exp(mean))))
        return verdicts

    def release(self, run_id: str) -> None:
        """Nothing is kept between calls."""
