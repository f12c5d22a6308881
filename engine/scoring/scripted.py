"""A made-up judge for the scripted backend: deterministic, for tests and for work on the page.

Knows the family's own step checker where there is one and blurs it with a hash, so that searches look as
they would with a middling reward. Not a model: its verdicts mean nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from engine.scoring.protocol import Verdict
from engine.tasks import FAMILIES
from engine.tasks.problem import split_turn
from engine.tree import Node

BLUR = 0.35  # share of a score that is a hash


class ScriptedJudge:
    """Stands in for a scorer under its name: "process_reward" (a value a step) or another (one value).

    As "outcome_reward" it says nothing of what is not finished.
    """

    is_exact = False
    parameters = 1_000_000  # made up, as the scripted backend's

    def __init__(self, name: str):
        self.name = name

    def cost(self, nodes: Sequence[Node]) -> list[int]:
        return [node.tokens for node in nodes]

    def score(self, nodes: Sequence[Node]) -> list[Verdict]:
        return [self._verdict(node) for node in nodes]

    def release(self, run_id: str) -> None:
        """Nothing is kept between calls."""

    def _verdict(self, node: Node) -> Verdict:
        if self.name == "outcome_reward" and not node.is_final:
            return Verdict(None, None, node.tokens)
        own = max(1, sum(1 for line in node.text.splitlines() if line.strip()))
        steps = self._steps(node)[-own:]
        return Verdict(steps[-1], tuple(steps) if self.name == "process_reward" else None, node.tokens)

    def _steps(self, node: Node) -> list[float]:
        """One value for each line the assistant has said in this turn."""
        lines = [line for line in node.turn_text.splitlines() if line.strip()] or [""]
        steps, answer = split_turn(node.turn_text)
        truth = [0.5] * len(lines)
        problem = node.tree.problem
        if problem is not None and problem.task in FAMILIES:
            family = FAMILIES[problem.task]
            hopes = [float(hope) for hope in family.can_succeed(problem, steps)]
            truth = (hopes + [hopes[-1] if hopes else 0.5] * len(lines))[: len(lines)]
            stated = family.extract(problem, node.turn_text) if answer is not None else None
            if stated is not None:
                truth[-1] = float(family.is_correct(problem, stated))
        return [
            (1 - BLUR) * value + BLUR * _fraction(self.name, node.tree.root.text, *lines[: i + 1])
            for i, value in enumerate(truth)
        ]


def _fraction(*key: str) -> float:
    """A number in [0, 1) that depends on nothing but `key`."""
    return int.from_bytes(hashlib.blake2b("/".join(key).encode(), digest_size=6).digest(), "big") / 2**48
