"""Tokens to FLOPs and dollars, and what a budget will buy.

Knows formulas and a small price book. Does not measure anything: the scheduler hands it tokens and seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.budget import Budget


def flops(tokens: float, parameters: int) -> float:
    """Floating-point operations of a forward pass over `tokens` tokens: 2 a parameter and token.

    Attention over the context is left out; it is small while the context is shorter than about six times
    the model's width. Source: Kaplan et al. 2020 (arXiv 2001.08361, section 2.1).
    """
    return 2.0 * parameters * tokens


@dataclass(frozen=True, slots=True)
class Prices:
    """The price book of one model: dollars for each hour the device works, and for each token.

    The default is an assumption, not a measurement: 0.10 dollars an hour is about the rent of a small
    two-core cloud machine, and local tokens cost nothing beyond that time. A hosted model is the reverse:
    no device hours, a price for each token.
    """

    usd_per_device_hour: float = 0.10
    usd_per_prompt_token: float = 0.0
    usd_per_token: float = 0.0  # generated, discarded or read by a scorer

    def usd(self, device_seconds: float, prompt_tokens: int, tokens: int) -> float:
        """Dollars for a run's share of the device's time, and its tokens."""
        by_time = device_seconds / 3600 * self.usd_per_device_hour
        return by_time + prompt_tokens * self.usd_per_prompt_token + tokens * self.usd_per_token


CPU_PRICES = Prices()
GPU_PRICES = Prices(usd_per_device_hour=2.50)
"""About the rent of one data-centre GPU for an hour; an assumption like the default."""


def prices_for(device: str) -> Prices:
    """The price book for a device name such as "cpu", "mps" or "cuda:0"."""
    return GPU_PRICES if device.startswith("cuda") else CPU_PRICES


EXACT_SCORERS = (
    None, "verifier", "unit_tests",
    "confidence", "confidence_mean", "confidence_tail", "confidence_lowest",
)  # fmt: skip
"""Scorers that read nothing: they know the truth, or what was measured while the text was written."""

VERDICT_TOKENS = 2  # the one word of a judged state, and the end of the turn


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run is expected to do. `seconds` and `usd` are None while no speed has been measured."""

    count: int  # of `unit` it will have time for
    unit: (
        str  # "answers", "chains", "traces", "thoughts", "beams", "particles", "states", "rollouts", "drafts"
    )
    tokens: int  # generated and read by the scorer
    flops: float
    seconds: float | None
    usd: float | None
    is_cut: bool  # the budget is expected to end the run


def predict(
    strategy: str,
    params: Mapping[str, Any],
    budget: Budget,
    *,
    tokens_per_step: float = 14.0,
    steps_per_chain: float = 4.0,
    answer_tokens: float = 7.0,
    tokens_per_second: float | None = None,
    parameters: int = 0,
    scorer_parameters: int = 0,
    prices: Prices = CPU_PRICES,
) -> Forecast:
    """What `budget` will buy under a strategy, from typical lengths and a measured speed.

    `params` must hold every parameter of the strategy; the lengths are of one reasoning step, one whole
    chain and a bare answer of the model and problem at hand. A scorer other than the exact ones is taken to
    read what was generated once. Strategies that stop by themselves are taken to go on to their end, so
    `count` is the most. An estimate: shown as "about", never used to stop a run.
    """
    chain = tokens_per_step * steps_per_chain
    steps = min(params.get("depth", math.inf), steps_per_chain)
    match strategy:
        case "direct":
            count, unit, each = 1, "answers", answer_tokens
        case "budget_forcing":
            # Each wait is followed by a thought as long as the first.
            count, unit = 1 + params["waits"], "thoughts"
            each = min(chain, params["max_thinking_tokens"] / count)
        case "self_consistency" | "best_of_n":
            count, unit, each = params["n"], "chains", chain
        case "adaptive_consistency":
            count, unit, each = params["n_max"], "chains", chain
        case "confident_voting":
            count, unit, each = params["n"], "traces", chain
        case "beam_search":
            # Every step grows beams × width children, each with its lookahead.
            width = params["beams"] * params["width"]
            each = steps * tokens_per_step * (1 + params["lookahead"])
            count, unit = width, "beams"
        case "dvts":
            count, unit = max(1, params["n"] // params["width"]) * params["width"], "beams"
            each = steps * tokens_per_step
        case "tree_of_thoughts":
            # A state is one step and its judgements, a word each. The first step grows from the question.
            levels = math.ceil(steps)
            count = params["proposals"] * (1 + (levels - 1) * params["breadth"])
            unit, each = "states", tokens_per_step + params["judgements"] * VERDICT_TOKENS
        case "particle_filter":
            count, unit, each = params["particles"], "particles", chain
        case "mcts":
            each = tokens_per_step if params["value"] == "process" else chain
            count, unit = params["rollouts"], "rollouts"
        case "ab_mcts":
            # About half are rewrites, each after a criticism as long as a step.
            count, unit, each = params["rollouts"], "rollouts", chain + tokens_per_step / 2
        case "self_refine":
            count, unit, each = 1 + params["rounds"], "drafts", chain + tokens_per_step
        case "repair":
            count, unit, each = (1 + params["rounds"]) * params["width"], "drafts", chain
        case "adaptive":
            count, unit, each = params["probe"] + params["most"], "chains", chain
        case _:
            count, unit, each = 1, "chains", chain
    reads = params.get("scorer") not in EXACT_SCORERS
    each_total = each * (2 if reads else 1)
    each_flops = flops(each, parameters) + (flops(each, scorer_parameters or parameters) if reads else 0.0)

    affordable = [float(count)]
    if budget.max_tokens is not None:
        affordable.append(budget.max_tokens / each_total)
    if budget.max_flops is not None and each_flops:
        affordable.append(budget.max_flops / each_flops)
    if tokens_per_second:
        each_seconds = each_total / tokens_per_second
        if budget.max_seconds is not None:
            affordable.append(budget.max_seconds / each_seconds)
        each_usd = prices.usd(each_seconds, 0, math.ceil(each_total))
        if budget.max_usd is not None and each_usd:
            affordable.append(budget.max_usd / each_usd)
    part = min(affordable)
    tokens = math.ceil(part * each_total)
    if budget.max_tokens is not None:
        tokens = min(tokens, budget.max_tokens)
    seconds = tokens / tokens_per_second if tokens_per_second else None
    return Forecast(
        count=max(0, math.floor(part + 1e-9)),
        unit=unit,
        tokens=tokens,
        flops=part * each_flops,
        seconds=seconds,
        usd=None if seconds is None else prices.usd(seconds, 0, tokens),
        is_cut=part < count,
    )
