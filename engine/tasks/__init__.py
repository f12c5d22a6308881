"""Problem families with exact checkers, by name, and how to tell which family a text belongs to."""

from __future__ import annotations

from typing import TypeGuard, cast

from engine.errors import BadInput, OutsideFamily
from engine.tasks import arithmetic, code, countdown, programs, story
from engine.tasks.problem import Problem, Solution, Task, Tests

FAMILIES: dict[str, Task] = {
    module.name: cast("Task", module) for module in (countdown, arithmetic, story, programs)
}

MAX_PROBLEM_CHARACTERS = 20_000

__all__ = [
    "FAMILIES",
    "Problem",
    "Solution",
    "Task",
    "identify",
    "is_program",
    "recalled",
    "refuse_unreadable",
]


def identify(text: str, task: str | None = None) -> Problem:
    """The family problem that `text` states, in canonical wording.

    With `task` only that family is tried. Raises BadInput for an empty or overlong text or an unknown
    family, OutsideFamily when no family understands it.
    """
    refuse_unreadable(text)
    if task is not None and task not in FAMILIES:
        raise BadInput(f"There is no task family “{task}”; there are {', '.join(FAMILIES)}.")
    for family in [FAMILIES[task]] if task else FAMILIES.values():
        problem = family.parse(text)
        if problem is not None:
            return problem
    examples = "; ".join(f"“{_first_line(family.example)}”" for family in FAMILIES.values())
    raise OutsideFamily(
        f"The bundled models know these kinds of problem only: {examples}. Choose another model for others."
    )


def recalled(text: str, task: str | None, expected: str | None, tests: Tests | None) -> Problem:
    """The problem of a run that was kept, to judge its answers by.

    It is free text where this version does not read it as what it was: a run may come from another version.
    """
    if task == code.name:
        is_known = tests is not None
    else:
        try:
            is_known = task in FAMILIES and FAMILIES[task].parse(text) is not None
        except OutsideFamily:
            is_known = False
    return Problem(text, task if is_known else None, expected, tests=tests if is_known else None)


def refuse_unreadable(text: str) -> None:
    """Raise BadInput for a text that can be no problem: an empty or an overlong one."""
    if not text.strip():
        raise BadInput("The problem is empty: type one, or pick one of a family.")
    if len(text) > MAX_PROBLEM_CHARACTERS:
        raise BadInput(
            f"The problem has {len(text):,} characters; at most {MAX_PROBLEM_CHARACTERS:,} are read."
        )


def is_program(problem: Problem | None) -> TypeGuard[Problem]:
    """Whether the answer is a Python program that tests decide on: no family, and no free text either."""
    return problem is not None and problem.task == code.name


def _first_line(text: str) -> str:
    first, *rest = text.splitlines()
    return f"{first} …" if rest else first
