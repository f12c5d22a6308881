"""What the scheduler asks of any scorer. Does not know any model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.tree import Node

JUDGE = "judge"
"""The model itself as a judge: no `Scorer`, since the run that asks generates its verdicts as nodes."""

RUNS_SHOWN_TESTS_ONLY = {"verifier": False, "unit_tests": True}
"""The scorers that run programs, and whether only against the tests that the problem shows."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A scorer's word on one node: `value` in [0, 1], or None when it abstains.

    Process scorers also give `steps`, one value for each step in the node's own text; `value` is then the
    last of them. `tokens` is what the scorer's model read for this node.
    """

    value: float | None
    steps: tuple[float, ...] | None = None
    tokens: int = 0


class Scorer(Protocol):
    """Scores nodes of any runs in one call."""

    name: str  # registry key, and the key in `Node.scores`
    is_exact: bool  # knows the truth (a checker), rather than estimating it
    parameters: int  # of the scorer's model, for FLOPs; 0 where it has none

    def cost(self, nodes: Sequence[Node]) -> list[int]:
        """Tokens the scorer would read for each node, were they scored in this order now."""
        ...

    def score(self, nodes: Sequence[Node]) -> list[Verdict]:
        """One verdict a node, same order. Raises ScorerUnavailable where it cannot serve at all."""
        ...

    def release(self, run_id: str) -> None:
        """The run is over: free what was kept for its tree."""
        ...
