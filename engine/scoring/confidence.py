"""How sure the model was of its own words: three readings of token confidences, and the plain likelihood.

Knows what was measured while the text was written; costs no tokens. Does not know whether a confident answer
is right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.scoring.protocol import Verdict
from engine.strategies.token_confidence import TOP_TOKENS, measure
from engine.tree import Node

WINDOW = 32  # tokens of a group; the traces of small models are short
FLOOR = math.log(TOP_TOKENS)  # the least confidence there is: all of the likeliest tokens alike


class Confidence:
    """Geometric mean of the token probabilities of what the assistant said since the last user turn.

    exp(mean ln p), the length-normalised sequence probability used as a baseline by Kadavath et al. 2022
    (arXiv 2207.05221).
    """

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


class TokenConfidence:
    """The "mean", "tail" or "lowest" confidence of the turn's tokens, as DeepConf reads it.

    A token's confidence C = -mean ln p of the 20 likeliest has no upper end, so it is squashed:
    1 - ln 20 / C, which is 0 where all twenty are alike and keeps the order. Source: Fu et al. 2025 (arXiv
    2508.15260, section 3.1), with a window for short traces.
    """

    is_exact = False
    parameters = 0

    def __init__(self, how: str) -> None:
        self.name = f"confidence_{how}"
        self._how = how

    def cost(self, nodes: Sequence[Node]) -> list[int]:
        return [0] * len(nodes)

    def score(self, nodes: Sequence[Node]) -> list[Verdict]:
        """One value a node; an abstention where the model told no token's confidence."""
        return [Verdict(self._value(node)) for node in nodes]

    def _value(self, node: Node) -> float | None:
        confidences = [one for part in node.turn() for one in part.token_confidences]
        if not confidences:
            return None
        value = measure(confidences, self._how, WINDOW)
        return max(0.0, 1 - FLOOR / value) if value > 0 else 0.0

    def release(self, run_id: str) -> None:
        """Nothing is kept between calls."""
