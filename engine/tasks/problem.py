"""A problem, and what every task family must know about its own.

Knows the shape of a family; each family lives in its own module beside this one.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

Slip = Callable[[int, int], int]
"""(step index from 0, right value) -> the value to claim instead: how made errors get into a solution."""


Tests = str | list[Any]
"""Python source, or pairs [[input, output], …] of plain values."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: its text, its family (None for free text), the right answer where one is known.

    `difficulty` is the family's own number (operations, facts, numbers); None for free text. `tests` decide
    where they are given, whatever else is known.
    """

    text: str
    task: str | None = None
    expected: str | None = None
    difficulty: int | None = None
    tests: Tests | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Solution:
    """A worked solution: reasoning steps, one a line, and the final answer."""

    steps: tuple[str, ...]
    answer: str


class Task(Protocol):
    """A problem family with exact checkers. Implemented by the modules of this package."""

    name: str  # registry key
    title: str  # for a person
    unit: str  # what difficulty counts
    difficulties: range  # the difficulties a person may pick
    example: str

    def parse(self, text: str) -> Problem | None:
        """The problem this text states, in canonical wording, or None if it is not of this family at all.

        Raises OutsideFamily, with what is wrong, if it clearly means this family but breaks its rules.
        """
        ...

    def generate(self, difficulty: int, rng: random.Random, held_out: bool | None = None) -> Problem:
        """A fresh problem of that difficulty: of the test split, of the other, or from either."""
        ...

    def is_held_out(self, problem: Problem) -> bool:
        """Whether the problem is in the test split and may never be trained on."""
        ...

    def solve(self, problem: Problem, rng: random.Random, slip: Slip | None = None) -> Solution | None:
        """A solution in the family's step grammar; None if there is none.

        With `slip`, a step may claim a wrong value, and the later steps follow from what was claimed.
        """
        ...

    def extract(self, problem: Problem, turn_text: str) -> str | None:
        """The final answer in what the assistant said, in canonical form; None if it gives none."""
        ...

    def is_correct(self, problem: Problem, answer: str) -> bool:
        """Whether the canonical answer is right."""
        ...

    def fault(self, problem: Problem, answer: str) -> str | None:
        """Which rule of the problem the canonical answer breaks, in one sentence; None if it keeps them all.

        Found from the problem's text alone: a check that may be shown to the model, unlike hidden tests.
        """
        ...

    def check_steps(self, problem: Problem, steps: list[str]) -> list[str | None]:
        """For each step None if it is right, else one sentence that says what is wrong.

        A step is judged on what came before it; after a wrong step the next are judged on what it claims.
        """
        ...

    def can_succeed(self, problem: Problem, steps: list[str]) -> list[bool]:
        """For each step whether a right answer can still follow: what a process reward estimates."""
        ...


WAIT = "Wait"
"""A line of thought after which the bundled models go through the whole solution again."""

RESTARTS = (WAIT, "Hmm", "Alternatively")
"""Lines of thought after which a solution begins anew; the models were trained on the first."""


def split_turn(turn_text: str) -> tuple[list[str], str | None]:
    """The reasoning steps and the stated answer in what a bundled model said in one turn.

    After a line "Wait" (or another of RESTARTS) the solution begins anew: only what follows the last one
    counts. The answer is None while the thinking is still open. A turn without thinking is all answer.
    """
    thought, closed, answer = turn_text.partition("</think>")
    lines = [line.strip() for line in thought.replace("<think>", "").splitlines()]
    steps = [line for line in lines if line]
    begins = max((at + 1 for at, step in enumerate(steps) if step in RESTARTS), default=0)
    return steps[begins:], answer.strip() if closed else None


def lasting(verdicts: list[str | None]) -> list[bool]:
    """True up to the first step that is wrong, False from there on."""
    right: list[bool] = []
    for verdict in verdicts:
        right.append(verdict is None and (not right or right[-1]))
    return right
