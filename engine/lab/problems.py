"""Fresh problems for an experiment: of one family and difficulty, held out unless said otherwise.

Knows families and the held-out split. Does not know runs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from engine.errors import BadInput
from engine.tasks import FAMILIES, Problem, Task

TRIES = 400  # draws without a new problem, before there are taken to be no more


def draw(family: str, difficulty: int, count: int, seed: int = 0) -> list[Problem]:
    """`count` different held-out problems; the same ones for the same arguments.

    Raises BadInput for an unknown family or difficulty, and where there are not so many.
    """
    task = _task(family, difficulty)
    rng = random.Random(f"{family}:{difficulty}:{seed}")
    found = list(islice(held_out(family, difficulty, rng), count))
    if len(found) < count:
        raise BadInput(
            f"There are only about {len(found)} different held-out problems of {difficulty} {task.unit}: "
            "ask for fewer, or for harder ones."
        )
    return found


def held_out(family: str, difficulty: int, rng: random.Random) -> Iterator[Problem]:
    """Different problems that were never trained on, as `rng` draws them, until there seem to be no more.

    Raises BadInput for an unknown family or difficulty.
    """
    task = _task(family, difficulty)
    seen: set[str] = set()
    tries = 0
    while tries < TRIES:
        problem = task.generate(difficulty, rng, held_out=True)
        tries += 1
        if problem.text not in seen:
            seen.add(problem.text)
            tries = 0
            yield problem


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
