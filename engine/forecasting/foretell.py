"""The forecast of one run: its strategy's formula at the problem's length, corrected by what runs took.

Knows specs, formulas, limits and prices. The same figures are kept with the run, to be held against what
happened.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from engine import cost
from engine.budget import Budget
from engine.forecasting.cases import Case, Taken
from engine.forecasting.experience import Experience
from engine.forecasting.lengths import TYPICAL, Lengths, lengths_of
from engine.runs import Run, RunSpec
from engine.strategies import STRATEGIES
from engine.tasks.problem import Problem


class ModelFacts(Protocol):
    """What must be known of a model."""

    @property
    def source(self) -> str: ...

    @property
    def parameters(self) -> int: ...

    @property
    def device(self) -> str: ...

    @property
    def folder(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Foretold:
    """What is expected: at most `count` of `unit`; tokens; seconds and dollars where a speed is known."""

    count: int
    unit: str
    tokens: int
    seconds: float | None
    usd: float | None
    is_cut: bool  # the budget is expected to end it

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def foretell(
    spec: RunSpec,
    problem: Problem,
    facts: ModelFacts,
    experience: Experience,
    prices: cost.Prices | None = None,
    copied_steps: int = 0,
) -> Foretold:
    """What the run that `spec` describes will take. `spec` as admitted: its scorer is resolved.

    `prices` are those of the model's device, the usual ones where none are given; `copied_steps` of the chain
    are there already where it is a fork.
    """
    prices = prices or cost.prices_for(facts.device)
    lengths = likely_lengths(problem, facts).after(copied_steps)
    free = formula(spec, lengths)
    case = _case(spec, problem, lengths, free.tokens)
    is_bundled = facts.source == "bundled"
    speed = experience.speed(case)
    most = affordable(spec.budget, speed, facts.parameters, prices)
    tokens = max(1, round(experience.tokens(case, free.tokens, most, is_bundled)))
    if math.isfinite(most):
        tokens = min(tokens, max(1, math.floor(most)))
    seconds = None if speed is None else tokens / speed
    usd = None if seconds is None else prices.usd(seconds, 0, tokens)
    return Foretold(free.count, free.unit, tokens, seconds, usd, tokens >= 0.98 * most)


def taken(run: Run, facts: ModelFacts) -> Taken | None:
    """What a finished run took; None where it tells nothing: it failed, was stopped, or was a fork."""
    return taken_of(run.spec, asdict(run.usage) | {"spent_tokens": run.usage.spent_tokens}, run.status, facts)


def taken_of(spec: RunSpec, usage: Mapping[str, Any], status: str, facts: ModelFacts) -> Taken | None:
    """The same from a spec, a record's usage with its spent_tokens, and a status."""
    spent, seconds = usage.get("spent_tokens") or 0, usage.get("seconds") or 0.0
    if status not in ("finished", "partial") or not spent or spec.origin is not None:
        return None
    if spec.strategy not in STRATEGIES:
        return None
    problem = Problem(spec.problem, spec.task, spec.expected, tests=spec.tests)
    lengths = likely_lengths(problem, facts)
    busy = sum(
        usage.get(name) or 0.0 for name in ("generating_seconds", "scoring_seconds", "executing_seconds")
    )
    speed = spent / seconds if seconds > 0 and busy >= 0.6 * seconds else None
    whole = formula(spec, lengths).tokens
    return Taken(_case(spec, problem, lengths, whole), spent / whole, speed, status == "partial")


def formula(spec: RunSpec, lengths: Lengths) -> cost.Forecast:
    """What the strategy takes by its formula where no budget ends it."""
    defaults = {parameter.name: parameter.default for parameter in STRATEGIES[spec.strategy].parameters}
    return cost.predict(
        spec.strategy,
        defaults | spec.params,
        Budget(),
        tokens_per_step=lengths.chain_tokens / lengths.steps,
        steps_per_chain=lengths.steps,
        answer_tokens=lengths.answer_tokens,
    )


def affordable(budget: Budget, speed: float | None, parameters: int, prices: cost.Prices) -> float:
    """Tokens that the budget pays for; inf where nothing limits them."""
    most = math.inf if budget.max_tokens is None else float(budget.max_tokens)
    if budget.max_flops is not None and parameters:
        most = min(most, budget.max_flops / cost.flops(1, parameters))
    if speed is not None:
        if budget.max_seconds is not None:
            most = min(most, budget.max_seconds * speed)
        usd_per_token = prices.usd(1 / speed, 0, 1)
        if budget.max_usd is not None and usd_per_token:
            most = min(most, budget.max_usd / usd_per_token)
    return most


def _case(spec: RunSpec, problem: Problem, lengths: Lengths, formula_tokens: int) -> Case:
    most = spec.budget.max_tokens
    is_tight = most is not None and most < formula_tokens
    return Case(spec.model, spec.strategy, spec.params.get("scorer"), problem.task, lengths.steps, is_tight)


def likely_lengths(problem: Problem, facts: ModelFacts) -> Lengths:
    """The problem's lengths for a model, typical ones where nothing is known."""
    folder = facts.folder if facts.source == "bundled" else None
    return lengths_of(problem, folder) or TYPICAL
