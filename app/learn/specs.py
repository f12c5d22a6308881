"""A lesson's arms as runs, and its problems.

Knows which setting an axis or a knob stands for. Does not run anything.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from app.learn.lessons import BUDGET, DIFFICULTY, Arm, Lesson
from engine.budget import Budget
from engine.lab.problems import take
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
    drawn = take(family, difficulty, count, random.Random(f"{key}/{difficulty}"))
    return [problem.text for problem in drawn]


def fresh(family: str, difficulty: int, rng: random.Random) -> str:
    """A new held-out problem."""
    return take(family, difficulty, 1, rng)[0].text


def middle(family: str) -> int:
    """A difficulty to begin with where no recording says a better one."""
    difficulties = FAMILIES[family].difficulties
    return difficulties[len(difficulties) // 3]
