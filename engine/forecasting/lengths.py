"""How long one chain of reasoning will be, from the problem alone.

A bundled model's chain is about as long as the family's own solution in the same grammar, so that solution is
written and its tokens are counted. Of other models and of free text nothing is known before a run.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.errors import PonderError
from engine.tasks import FAMILIES
from engine.tasks.problem import Problem

FRAME_TOKENS = 4  # what opens and closes the thinking, and ends the turn


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of a whole chain and of its bare answer, and the steps of the chain."""

    chain_tokens: float
    answer_tokens: float
    steps: int

    def after(self, steps: int) -> Lengths:
        """What is left of the chain after its first steps; at least one more."""
        left = max(1, self.steps - steps)
        thought = self.chain_tokens - self.answer_tokens
        return Lengths(thought * left / self.steps + self.answer_tokens, self.answer_tokens, left)


TYPICAL = Lengths(112.0, 7.0, 8)  # where nothing is known


def lengths_of(problem: Problem, folder: str | None) -> Lengths | None:
    """The lengths for the bundled model in `folder`; None where the problem is of none of its families."""
    if problem.task not in FAMILIES or folder is None:
        return None
    return _lengths(problem.text, problem.task, folder)


@lru_cache(maxsize=4096)
def _lengths(text: str, task: str, folder: str) -> Lengths | None:
    try:
        solution = FAMILIES[task].solve(Problem(text, task), random.Random(0))
    except PonderError:
        return None
    tokenizer = _tokenizer(folder)
    if solution is None or tokenizer is None:
        return None
    thought = "".join(f"{step}\n" for step in solution.steps)
    answer = _count(tokenizer, f" {solution.answer}") + 1
    return Lengths(_count(tokenizer, thought) + answer + FRAME_TOKENS, answer, max(1, len(solution.steps)))


def _count(tokenizer: Any, text: str) -> int:
    return len(tokenizer.encode(text, add_special_tokens=False).ids)


@lru_cache(maxsize=8)
def _tokenizer(folder: str) -> Any:
    from tokenizers import Tokenizer

    file = Path(folder) / "tokenizer.json"
    return Tokenizer.from_file(str(file)) if file.is_file() else None
