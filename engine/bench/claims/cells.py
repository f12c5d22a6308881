"""What the claims are measured on: a cell is one strategy on one set of held-out problems.

Knows which problems a cell has and how its runs are specified. Does not know how runs are run, nor what is
made of their outcomes.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from engine.budget import Budget
from engine.lab.problems import take
from engine.runs import RunSpec
from engine.strategies import STRATEGIES
from engine.tasks import FAMILIES, countdown
from engine.tasks.countdown_solver import reaches
from engine.tasks.problem import Problem

GAME_OF_24 = "game of 24"
"""A set of its own: four numbers of 1 to 13, the target 24."""

PROBLEM_SEED = 9  # training and its evaluation use others, so that nothing was ever chosen by these problems
CHAIN_TOKENS = 60  # of one answer, about; for a forecast of the time only

Sets = tuple[tuple[str, tuple[int, ...]], ...]
"""Families, each with the difficulties that are taken of it in equal parts."""

Value = int | float | str


@dataclass(frozen=True, slots=True)
class Cell:
    """`problems` is how many at least: equal parts of all difficulties may make it a few more."""

    model: str
    sets: Sets
    strategy: str
    params: tuple[tuple[str, Value], ...] = ()
    max_tokens: int | None = None
    problems: int = 200

    @property
    def title(self) -> str:
        """For the line that shows progress."""
        tasks = " + ".join(
            task + ("" if task == GAME_OF_24 else " " + words(levels)) for task, levels in self.sets
        )
        count = "".join(f" {value}" for name, value in self.params if name == "n")
        limit = f", {self.max_tokens:,} tokens" if self.max_tokens else ""
        return f"{self.model} · {tasks} · {self.strategy}{count}{limit}"

    @property
    def scorer(self) -> str | None:
        """The scorer that is named, if any."""
        return next((str(value) for name, value in self.params if name == "scorer"), None)

    @property
    def forecast_tokens(self) -> float:
        """About how many tokens it will take, for the time that is left."""
        each = next((float(value) for name, value in self.params if name == "n"), 1.0) * CHAIN_TOKENS
        if self.strategy == "direct":
            each = 10
        if self.max_tokens is not None:
            each = self.max_tokens / 2
        return each * self.problems

    def key(self, weights: Mapping[str, str]) -> str:
        """A name for what was measured: the cell, all its settings, and the weights of the models it asks."""
        used = [weights.get(name, "") for name in (self.model, self.scorer or "")]
        settings = {parameter.name: parameter.default for parameter in STRATEGIES[self.strategy].parameters}
        settings.update(self.params)
        written = json.dumps([asdict(self) | {"params": settings}, used], sort_keys=True)
        return hashlib.sha256(written.encode()).hexdigest()[:16]

    @property
    def places(self) -> tuple[Problem, ...]:
        """Its problems, in the order of their places."""
        return problems_of(self.sets, self.problems)

    def specs(self, batch: str) -> Iterator[RunSpec]:
        """One run a problem; the seed is the problem's place, in every cell the same."""
        for place, problem in enumerate(self.places):
            yield RunSpec(
                problem.text,
                self.model,
                self.strategy,
                dict(self.params),
                task=problem.task,
                seed=place,
                budget=Budget(max_tokens=self.max_tokens),
                batch=batch,
                cell=place,
            )


def words(difficulties: tuple[int, ...]) -> str:
    """ "3", or "4–6" for neighbours."""
    if len(difficulties) == 1:
        return str(difficulties[0])
    if difficulties == tuple(range(difficulties[0], difficulties[-1] + 1)):
        return f"{difficulties[0]}–{difficulties[-1]}"
    return ", ".join(map(str, difficulties))


def set_in_words(task: str, difficulties: tuple[int, ...]) -> str:
    """For example "arithmetic, 4–6 operations"."""
    if task == GAME_OF_24:
        return "Game of 24"
    unit = FAMILIES[task].unit
    return f"{task}, {words(difficulties)} {unit.removesuffix('s') if difficulties == (1,) else unit}"


@functools.lru_cache(maxsize=256)
def problems_of(sets: Sets, count: int) -> tuple[Problem, ...]:
    """At least `count` problems: of every family and difficulty the same number, taking turns."""
    parts = [(task, level) for task, levels in sets for level in levels]
    each = -(-count // len(parts))
    drawn = [_drawn(task, level, each) for task, level in parts]
    return tuple(itertools.chain.from_iterable(zip(*drawn, strict=True)))


@functools.lru_cache(maxsize=256)
def _drawn(task: str, level: int, count: int) -> tuple[Problem, ...]:
    """Different problems that were never trained on; a smaller count gives the first of a larger one's."""
    rng = random.Random(f"claims:{task}:{level}:{PROBLEM_SEED}")
    if task == GAME_OF_24:
        puzzles = list(games_of_24())
        rng.shuffle(puzzles)
        return tuple(puzzles[:count])
    return tuple(take(task, level, count, rng))


def games_of_24() -> Iterator[Problem]:
    """The 1,346 puzzles that can be solved in whole numbers; none was ever trained on.

    16 more of the published ones need a fraction on the way, which the family's rules do not know.
    """
    for given in itertools.combinations_with_replacement(range(1, 14), 4):
        if reaches(given, 24):
            problem = countdown.parse(f"Use {' '.join(map(str, given))} to make 24.")
            assert problem is not None
            yield problem
