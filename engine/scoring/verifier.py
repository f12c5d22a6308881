"""The exact scorer: a finished answer is right (1) or wrong (0), by the problem's own checker.

Knows truth where there is one: the family's checker, or the expected answer. Does not estimate: of an
unfinished node it says nothing (it abstains), because no checker knows what is still to come.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine import answers
from engine.checks import run_programs
from engine.errors import ScorerUnavailable
from engine.scoring.protocol import Verdict
from engine.tree import Node


class Verifier:
    """Marks final nodes by the truth. Reads no tokens."""

    name = "verifier"
    is_exact = True
    parameters = 0

    def cost(self, nodes: Sequence[Node]) -> list[int]:
        return [0] * len(nodes)

    def score(self, nodes: Sequence[Node]) -> list[Verdict]:
        """1 or 0 for final nodes, an abstention for others.

        Raises ScorerUnavailable if any node's problem has neither a checker nor an expected answer.
        """
        run_programs(nodes, is_shown_only=False)
        return [self._verdict(node) for node in nodes]

    def _verdict(self, node: Node) -> Verdict:
        problem = node.tree.problem
        if problem is None or not answers.has_truth(problem):
            raise ScorerUnavailable(
                "The verifier needs to know what is right: give the expected answer, or pick another scorer."
            )
        if not node.is_final:
            return Verdict(None)
        return Verdict(float(bool(answers.is_correct(problem, node.answer))))

    def release(self, run_id: str) -> None:
        """Nothing is kept between calls."""
