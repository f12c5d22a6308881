"""Measures what the quality tiers are chosen from: many strategies and budgets on one mixed held-out set.

Knows the candidates and the problems. First all problems of a candidate together, for what it solves and
spends; then some of them one after another, for how fast it is alone on this machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.budget import Budget
from engine.errors import BadInput, PonderError
from engine.lab.problems import draw
from engine.lab.tiers import Measured, Spread
from engine.models import catalogue
from engine.runs import Run, RunSpec
from engine.scheduler import Scheduler
from engine.tasks import Problem

CELLS = (
    ("countdown", 3), ("countdown", 4), ("countdown", 5),
    ("arithmetic", 2), ("arithmetic", 4), ("arithmetic", 6),
    ("story", 2), ("story", 4),
    ("programs", 1), ("programs", 2),
)  # fmt: skip
PROBLEMS = 10  # of each cell
ALONE = 5  # problems of each candidate that are run alone
SEED = 24  # of the problems; another than the training's own evaluation takes


@dataclass(frozen=True, slots=True)
class Candidate:
    """A strategy under a budget in tokens; what is not in `params` keeps its default."""

    strategy: str
    max_tokens: int
    params: tuple[tuple[str, object], ...] = ()


CHAIN = Candidate("chain_of_thought", 500)
CANDIDATES = (
    Candidate("direct", 500),
    CHAIN,
    Candidate("budget_forcing", 500),
    Candidate("self_consistency", 1000, (("n", 4),)),
    Candidate("self_consistency", 4000, (("n", 16),)),
    Candidate("adaptive_consistency", 4000),
    Candidate("best_of_n", 1000, (("n", 4),)),
    Candidate("best_of_n", 4000, (("n", 16),)),
    Candidate("best_of_n", 4000, (("n", 16), ("select", "weighted"))),
    Candidate("beam_search", 4000),
    Candidate("dvts", 4000),
    Candidate("mcts", 1000),
    Candidate("mcts", 4000),
    Candidate("particle_filter", 4000),
    Candidate("repair", 2000),
    Candidate("repair", 8000, (("rounds", 8), ("width", 8))),
    Candidate("adaptive", 4000),
    Candidate("adaptive", 8000, (("most", 64),)),
)


def problems(each: int = PROBLEMS) -> list[Problem]:
    """The mixed set: `each` of every cell, in turn, so that any beginning of it is mixed too."""
    drawn = [draw(family, difficulty, each, SEED) for family, difficulty in CELLS]
    return [problem for together in zip(*drawn, strict=True) for problem in together]


def weights(model: str) -> str:
    """Which weights these are: the beginning of their SHA-256. Raises ModelUnavailable, or BadInput."""
    folder = catalogue.find(model).folder
    files = sorted(Path(folder).glob("*.safetensors")) if folder else []
    if not files:
        raise BadInput(f"{model} has no weights here that could be measured.")
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def measure(
    model: str,
    each: int = PROBLEMS,
    candidates: Sequence[Candidate] = CANDIDATES,
    tell: Callable[[Measured], None] = lambda _: None,
) -> list[Measured]:
    """Every candidate on the same problems; `tell` hears of each as it is done. Raises PonderError."""
    asked = problems(each)
    scheduler = Scheduler(catalogue.load_backend, catalogue.load_scorer, catalogue.find)
    _solve(scheduler, model, CANDIDATES[0], asked[:1])  # loading is in nobody's seconds
    found: list[Measured] = []
    for candidate in candidates:
        runs = _solve(scheduler, model, candidate, asked)
        alone = [_solve(scheduler, model, candidate, [problem])[0] for problem in asked[:ALONE]]
        found.append(_measured(candidate, runs, alone))
        tell(found[-1])
    return found


def _solve(scheduler: Scheduler, model: str, candidate: Candidate, asked: Sequence[Problem]) -> list[Run]:
    runs = [
        scheduler.submit(
            RunSpec(
                problem.text,
                model,
                candidate.strategy,
                dict(candidate.params),
                problem.task,
                seed=seed,
                budget=Budget(candidate.max_tokens),
            )
        )
        for seed, problem in enumerate(asked)
    ]
    scheduler.run_until_idle()
    failed = [run for run in runs if run.status == "failed"]
    if failed:
        raise PonderError(f"{candidate.strategy} failed: {failed[0].status_reason}")
    return runs


def _measured(candidate: Candidate, runs: Sequence[Run], alone: Sequence[Run]) -> Measured:
    by_family: dict[str, list[int]] = {}
    for run in runs:
        by_family.setdefault(run.spec.task or "", []).append(run.usage.spent_tokens)
    return Measured(
        strategy=candidate.strategy,
        params=dict(candidate.params),
        max_tokens=candidate.max_tokens,
        right=sum(run.is_correct is True for run in runs),
        problems=len(runs),
        tokens=_spread([run.usage.spent_tokens for run in runs]),
        prompt_tokens=float(np.mean([run.usage.prompt_tokens for run in runs])),
        tokens_per_second=sum(run.usage.spent_tokens for run in alone)
        / sum(run.usage.seconds for run in alone),
        families={family: _spread(tokens) for family, tokens in by_family.items()},
    )


def _spread(values: Sequence[float]) -> Spread:
    p50, p95 = np.percentile(values, [50, 95])
    return Spread(float(np.mean(values)), float(p50), float(p95))
