"""A lesson's arms as runs, and its problems.

Knows which setting an axis or a knob stands for. Does not run anything.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from app.learn.lessons import BUDGET, DIFFICULTY, Arm, Lesson
from engine.budget import Budget
from engine.errors import BadInput
from engine.runs import RunSpec
from engine.tasks import FAMILIES

MOST_TRIES = 20_000


def spec(
    lesson: Lesson, arm: Arm, settings: Mapping[str, Any], problem: str, seed: int, model: str
) -> RunSpec:
    """The run of one arm. `settings` are values of axes and knobs; the difficulty is the problem's."""
    params = dict(arm.params)
    max_tokens = arm.max_tokens
    for name, value in settings.items():
        if name == BUDGET:
            max_tokens = value
        elif name != DIFFICULTY:
            params[name] = value
    return RunSpec(
        problem, model, arm.strategy, params, task=lesson.about.family, seed=seed, budget=Budget(max_tokens)
    )


def problems(family: str, difficulty: int, count: int, key: str) -> list[str]:
    """`count` different held-out problems; the same key gives the same problems."""
    task, rng = FAMILIES[family], random.Random(f"{key}/{difficulty}")
    found: dict[str, None] = {}
    for _ in range(MOST_TRIES):
        problem = task.generate(difficulty, rng)
        if task.is_held_out(problem):
            found[problem.text] = None
        if len(found) == count:
            return list(found)
    raise BadInput(f"{family} has no {count} held-out problems of {difficulty} {task.unit}.")


def fresh(family: str, difficulty: int, rng: random.Random) -> str:
    """A new held-out problem."""
    task = FAMILIES[family]
    for _ in range(MOST_TRIES):
        problem = task.generate(difficulty, rng)
        if task.is_held_out(problem):
            return problem.text
    raise BadInput(f"{family} has no held-out problem of {difficulty} {task.unit}.")


def middle(family: str) -> int:
    """A difficulty to begin with where no recording says a better one."""
    difficulties = FAMILIES[family].difficulties
    return difficulties[len(difficulties) // 3]
