"""How well runs are foretold: tokens and seconds before, held against tokens and seconds after.

Knows forecasts and the scheduler. The machine first makes a few runs of each strategy, as one that was used
for a minute has. Then each measured run is foretold, made, and learned from, one after another, on fresh
problems of every family and difficulty, with budgets like the page's. Each is made a second time at once: how
often that takes as long as the first says how well any forecast of seconds could do on this machine.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from engine.budget import Budget
from engine.forecasting import typical
from engine.forecasting.experience import Experience
from engine.forecasting.foretell import ModelFacts, foretell, taken
from engine.runs import Run, RunSpec
from engine.scheduler import Scheduler
from engine.strategies import STRATEGIES
from engine.tasks import FAMILIES

MODEL = "ponder-3m"
RUNS = 50
WARM_UP = 2  # runs of each strategy before
TOKENS_WITHIN, SECONDS_WITHIN, SHARE = 0.25, 0.40, 0.8  # what is promised
BUDGETS = (
    Budget(max_tokens=2000),
    Budget(max_tokens=500),
    Budget(max_tokens=4000),
    Budget(max_seconds=1.0),
    Budget(max_tokens=1000),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: what was foretold and what it took. Seconds are None before any speed is known."""

    strategy: str
    task: str | None
    budget: str
    status: str
    expected_tokens: int
    tokens: int
    expected_seconds: float | None
    seconds: float
    seconds_again: float  # of the same run, made once more at once

    @property
    def has_tokens(self) -> bool:
        """Whether the tokens were within what is promised of the forecast."""
        return abs(self.tokens - self.expected_tokens) <= TOKENS_WITHIN * self.expected_tokens

    @property
    def has_seconds(self) -> bool:
        """Whether the seconds were."""
        return self.expected_seconds is not None and _is_near(self.seconds, self.expected_seconds)

    @property
    def is_steady(self) -> bool:
        """Whether the run itself, as a forecast of its second making, would have been close enough."""
        return _is_near(self.seconds_again, self.seconds)


def specs(count: int, seed: int, budgets: Sequence[Budget] = BUDGETS, model: str = MODEL) -> list[RunSpec]:
    """Runs over all strategies, families, difficulties and budgets in turn, on fresh problems."""
    rng = random.Random(seed)
    made: list[RunSpec] = []
    for i, strategy in zip(range(count), cycle(STRATEGIES), strict=False):
        family = list(FAMILIES.values())[(i + i // len(STRATEGIES)) % len(FAMILIES)]
        problem = family.generate(rng.choice(list(family.difficulties)), rng)
        budget = budgets[(i + i // len(STRATEGIES)) % len(budgets)]
        made.append(RunSpec(problem.text, model, strategy, seed=rng.randrange(2**31), budget=budget))
    return made


def measure(
    scheduler: Scheduler, facts: ModelFacts, warm_up: Sequence[RunSpec], measured: Sequence[RunSpec],
    experience: Experience,
) -> Iterator[Outcome]:  # fmt: skip
    """Make the first runs to learn from, then foretell and make the others, learning from each."""
    for spec in warm_up:
        _learn(experience, _made(scheduler, spec), facts)
    for spec in measured:
        expected = foretell(*scheduler.check(spec), facts, experience)
        run = _made(scheduler, spec)
        yield Outcome(
            spec.strategy,
            run.spec.task,
            _words(spec.budget),
            run.status,
            expected.tokens,
            run.usage.spent_tokens,
            expected.seconds,
            run.usage.seconds,
            _made(scheduler, spec).usage.seconds,
        )
        _learn(experience, run, facts)


def outcomes(count: int = RUNS, seed: int = 2026, model: str = MODEL) -> Iterator[Outcome]:
    """The benchmark, with a bundled model."""
    from engine.models import catalogue

    scheduler = Scheduler(catalogue.load_backend, catalogue.load_scorer, catalogue.find)
    warm_up = specs(WARM_UP * len(STRATEGIES), seed + 1, (Budget(),), model)
    measured = specs(count, seed, model=model)
    yield from measure(scheduler, catalogue.find(model), warm_up, measured, Experience(typical.load()))


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the runs: whose tokens, whose seconds, and the seconds of whose second making, were close enough."""

    tokens: float
    seconds: float
    steady: float


def shares(found: Sequence[Outcome]) -> Shares:
    """The shares of runs that were as close as promised."""
    count = max(1, len(found))
    return Shares(
        sum(one.has_tokens for one in found) / count,
        sum(one.has_seconds for one in found) / count,
        sum(one.is_steady for one in found) / count,
    )


def _is_near(seconds: float, expected: float) -> bool:
    return abs(seconds - expected) <= SECONDS_WITHIN * expected


def _made(scheduler: Scheduler, spec: RunSpec) -> Run:
    run = scheduler.submit(spec)
    scheduler.run_until_idle()
    return run


def _learn(experience: Experience, run: Run, facts: ModelFacts) -> None:
    found = taken(run, facts)
    if found is not None:
        experience.learn(found)


def _words(budget: Budget) -> str:
    if budget.max_seconds is not None:
        return f"{budget.max_seconds:g} s"
    return "none" if budget.max_tokens is None else f"{budget.max_tokens:,} tokens"
