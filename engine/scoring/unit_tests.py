"""The tests that a problem shows, as a scorer: a finished program passes them (1) or does not (0).

Knows what the problem's text gives away, and nothing of the hidden tests: unlike the verifier it may be
wrong about the truth, and unlike it, whoever has the problem can ask it. Runs programs in the sandbox only.
Source: CodeT, arXiv 2207.10397, section 2, filters samples by the examples in the prompt in this way.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.checks import run_programs
from engine.errors import ScorerUnavailable
from engine.scoring.protocol import Verdict
from engine.tasks import code, programs
from engine.tasks.problem import Problem
from engine.tree import Node


def has_tests(problem: Problem | None) -> bool:
    """Whether the problem is one for a program, and shows tests."""
    if problem is None:
        return False
    return problem.task == programs.name or (problem.task == code.name and code.shows_tests(problem))


class UnitTests:
    """Marks final nodes by the tests that the problem shows. Reads no tokens."""

    name = "unit_tests"
    is_exact = False
    parameters = 0

    def cost(self, nodes: Sequence[Node]) -> list[int]:
        return [0] * len(nodes)

    def score(self, nodes: Sequence[Node]) -> list[Verdict]:
        """1 or 0 for final nodes, an abstention for others.

        Raises ScorerUnavailable if any node's problem shows no tests for a program.
        """
        run_programs(nodes, is_shown_only=True)
        return [_verdict(node) for node in nodes]

    def release(self, run_id: str) -> None:
        """Nothing is kept between calls."""


def _verdict(node: Node) -> Verdict:
    problem = node.tree.problem
    if problem is None or not has_tests(problem):
        raise ScorerUnavailable(NO_TESTS)
    if not node.is_final:
        return Verdict(None)
    family = programs if problem.task == programs.name else code
    return Verdict(float(node.answer is not None and family.fault(problem, node.answer) is None))


NO_TESTS = "Unit tests judge programs, and this problem shows no test for one: pick another scorer."
