"""A lesson's arms as runs, and its problems.

Knows which setting an axis or a knob stands for. Does not run anything.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import islice
from typing import Any

from app.learn.lessons import BUDGET, DIFFICULTY, Arm, Lesson
from engine.budget import Budget
from engine.errors import BadInput
from engine.lab.problems import held_out
from engine.runs import RunSpec
from engine.tasks import FAMILIES


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
    drawn = held_out(family, difficulty, random.Random(f"{key}/{difficulty}"))
    found = [problem.text for problem in islice(drawn, count)]
    if len(found) < count:
        raise BadInput(f"{family} has no {count} held-out problems of {difficulty} {FAMILIES[family].unit}.")
    return found


def fresh(family: str, difficulty: int, rng: random.Random) -> str:
    """A new held-out problem."""
    return next(held_out(family, difficulty, rng)).text


def middle(family: str) -> int:
    """A difficulty to begin with where no recording says a better one."""
    difficulties = FAMILIES[family].difficulties
    return difficulties[len(difficulties) // 3]
