"""The quality tiers: which strategy and budget each one is, and what it will take on this machine.

What a tier solves and spends was measured by `python app.py bench tiers`, and is kept in app/tiers.json. How
fast this machine is comes from its own runs: of the tier's strategy where there are enough, else of others,
by how much faster or slower they were than when the tiers were measured. Where nothing was measured, nothing
is promised. Knows summaries of runs and prices. Does not know pages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

from engine.bench import tiers as bench
from engine.cost import Prices
from engine.errors import PonderError
from engine.lab.tiers import RULE, Measured, Spread, choose
from engine.models import catalogue
from storage.search import RunSummary

FILE = Path(__file__).with_name("tiers.json")
TITLES = {"fast": "Fast", "balanced": "Balanced", "thorough": "Thorough"}
ENOUGH_RUNS = 3  # of a strategy here, to go by them alone
LATEST_RUNS = 40  # of this machine that count


@dataclass(frozen=True, slots=True)
class Tiers:
    """The tiers of one model, and all that they were chosen from."""

    model: str
    tiers: Mapping[str, Measured]
    candidates: tuple[Measured, ...]
    made_at: str
    problems: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a tier will take here. Seconds and dollars are None while no run was timed on this machine."""

    p50_seconds: float | None
    p95_seconds: float | None
    p50_usd: float | None
    p95_usd: float | None


def tiers_of(model: str, file: Path = FILE) -> Tiers | str:
    """The measured tiers of a model; or why there are none, in a sentence."""
    measure = f"`python app.py bench tiers --model {model}` measures them."
    try:
        facts = catalogue.find(model)
    except PonderError as error:
        return str(error)
    kept = _kept(str(file), file.stat().st_mtime_ns if file.exists() else 0).get(model)
    if kept is None:
        return f"No quality tiers were measured for {facts.title} yet: {measure}"
    if facts.folder is None or kept["weights"] != _weights(model, _stamp(facts.folder)):
        return f"The quality tiers were measured with other weights of {facts.title}: {measure}"
    candidates = tuple(_measured(one) for one in kept["candidates"])
    chosen = {name: candidates[index] for name, index in kept["tiers"].items()}
    return Tiers(model, chosen, candidates, kept["made_at"], candidates[0].problems)


def rate(tiers: Tiers, tier: Measured, runs: Sequence[RunSummary]) -> tuple[float | None, int]:
    """Tokens a second that a tier's strategy will have here, and from how many runs that is known."""
    timed = [run for run in runs if run.model == tiers.model and run.seconds > 0 and run.spent_tokens > 0]
    timed = [run for run in timed if run.status in ("finished", "partial")][:LATEST_RUNS]
    own = [run.spent_tokens / run.seconds for run in timed if run.strategy == tier.strategy]
    if len(own) >= ENOUGH_RUNS:
        return median(own), len(own)
    there = {one.strategy: one.tokens_per_second for one in tiers.candidates}
    ratios = [run.spent_tokens / run.seconds / there[run.strategy] for run in timed if run.strategy in there]
    if not ratios:
        return None, 0
    return median(ratios) * tier.tokens_per_second, len(ratios)


def predict(tier: Measured, tokens_per_second: float | None, prices: Prices, task: str | None) -> Prediction:
    """The median and the 95th percentile of one run, of a family's problems where it was measured.

    A run's seconds are its tokens by the speed; what it reads costs dollars where prompts have a price.
    """
    if not tokens_per_second:
        return Prediction(None, None, None, None)
    tokens = tier.families.get(task or "", tier.tokens)
    seconds = [count / tokens_per_second for count in (tokens.p50, tokens.p95)]
    usd = [
        prices.usd(took, round(tier.prompt_tokens), round(count))
        for took, count in zip(seconds, (tokens.p50, tokens.p95), strict=True)
    ]
    return Prediction(seconds[0], seconds[1], usd[0], usd[1])


def keep(model: str, candidates: Sequence[Measured], machine: Mapping[str, Any], file: Path = FILE) -> Tiers:
    """Choose the tiers among what was measured and keep all of it, beside what is kept of other models."""
    chain = next(one for one in candidates if one.strategy == bench.CHAIN.strategy)
    chosen = choose(candidates, chain.tokens.mean)
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    kept[model] = {
        "made_at": made_at,
        "weights": bench.weights(model),
        "rule": RULE,
        "cells": [f"{family} {difficulty}" for family, difficulty in bench.CELLS],
        "machine": dict(machine),
        "tiers": {name: list(candidates).index(tier) for name, tier in chosen.items()},
        "candidates": [_rounded(asdict(one)) for one in candidates],
    }
    file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return Tiers(model, chosen, tuple(candidates), made_at, candidates[0].problems)


def _measured(kept: Mapping[str, Any]) -> Measured:
    families = {name: Spread(**spread) for name, spread in kept["families"].items()}
    return Measured(**(dict(kept) | {"tokens": Spread(**kept["tokens"]), "families": families}))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2)
    return {name: _rounded(one) for name, one in value.items()} if isinstance(value, dict) else value


@lru_cache(maxsize=4)
def _kept(file: str, changed: int) -> dict[str, Any]:
    return json.loads(Path(file).read_text(encoding="utf-8")) if changed else {}


def _stamp(folder: str) -> tuple[tuple[str, int, int], ...]:
    """What changes when weights do, and is quick to read."""
    files = sorted(Path(folder).glob("*.safetensors"))
    return tuple((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files)


@lru_cache(maxsize=16)
def _weights(model: str, stamp: object) -> str:
    return bench.weights(model) if stamp else ""
