"""Fresh problems for an experiment: of one family and difficulty, held out unless said otherwise.

Knows families and the held-out split. Does not know runs.
"""

from __future__ import annotations

import random
from functools import lru_cache

from engine.errors import BadInput
from engine.tasks import FAMILIES, Problem, Task

TRIES = 400  # draws without a new problem, before there are taken to be no more


def draw(family: str, difficulty: int, count: int, seed: int = 0, *, held_out: bool = True) -> list[Problem]:
    """`count` different problems; the same ones for the same arguments. Raises like `take`."""
    rng = random.Random(f"{family}:{difficulty}:{seed}")
    return take(family, difficulty, count, rng, held_out=held_out)


def take(
    family: str, difficulty: int, count: int, rng: random.Random, *, held_out: bool = True
) -> list[Problem]:
    """The first `count` different problems that `rng` brings: held out, or only such as may be trained on.

    Raises BadInput for an unknown family or difficulty, and where there are not so many.
    """
    task = _task(family, difficulty)
    found: dict[str, Problem] = {}
    tries = 0  # since the last new one
    while len(found) < count:
        if tries == TRIES:
            raise BadInput(
                f"There are only about {len(found)} different {'held-out ' if held_out else ''}problems of "
                f"{difficulty} {task.unit}: "
                "ask for fewer, or for harder ones."
            )
        problem = task.generate(difficulty, rng, held_out=held_out)
        tries = tries + 1 if problem.text in found else 0
        found[problem.text] = problem
    return list(found.values())


@lru_cache(maxsize=64)
def sample(family: str, difficulty: int) -> Problem:
    """One problem of this kind, held out or not, always the same. Raises BadInput like `draw`."""
    return _task(family, difficulty).generate(difficulty, random.Random(f"{family}:{difficulty}"))


def _task(family: str, difficulty: int) -> Task:
    task = FAMILIES.get(family)
    if task is None:
        raise BadInput(f"There is no task family “{family}”; there are {', '.join(FAMILIES)}.")
    if difficulty not in task.difficulties:
        least, most = task.difficulties[0], task.difficulties[-1]
        raise BadInput(f"{task.title} has {least} to {most} {task.unit}, not {difficulty}.")
    return task
