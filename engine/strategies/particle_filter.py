"""Particle filtering over reasoning steps, with the process reward as the likelihood."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from engine.budget import BudgetExhausted
from engine.requests import STEP, TURN, Expand, Sampling, Score, Search
from engine.strategies import selection
from engine.strategies.parameters import Aggregate, Param, Scorer, Select, Temperature
from engine.strategies.randomness import stream
from engine.strategies.selection import path_score
from engine.tree import Node

CLIP = 1e-7  # a reward is kept this far from 0 and 1, so that its logit is finite


def particle_filter(
    root: Node,
    particles: Annotated[int, Param(1, 256, "Chains that live side by side.")] = 16,
    depth: Annotated[int, Param(1, 100, "Steps after which what is still open is finished in one go.")] = 12,
    temperature: Temperature = 0.8,
    scorer: Scorer = "auto",
    aggregate: Aggregate = "last",
    select: Select = "best",
) -> Search:
    """Advance all particles by a step, weigh each by its reward, and resample them by their weights.

    A particle's log-weight is the logit of its reward, its weight the softmax over all particles, finished
    ones included; systematic resampling then copies the likely ones and drops the rest. It explores more
    than keeping the best, since an unlikely particle has its chance. Source: Puri et al. 2025 (arXiv
    2502.01618, section 3.2), which resamples by independent draws; the systematic draw has the same mean and
    less noise. Where the scorer abstains on an unfinished step, all such particles weigh the same.
    """
    rng = stream(root, "particle_filter")
    sampling = Sampling(temperature=temperature)
    living: list[Node] = [root] * particles
    try:
        for step in range(depth):
            # Advance.
            open_at = [i for i, node in enumerate(living) if not node.is_final]
            if not open_at:
                break
            grown = yield Expand([living[i] for i in open_at], stop=STEP, sampling=sampling, thinking=True)
            for i, child in zip(open_at, grown, strict=True):
                living[i] = child
            living = [node for node in living if node.status != "aborted"]
            if not living:
                raise BudgetExhausted("Every particle was cut off.")
            # Weigh.
            yield Score(list(dict.fromkeys(living)), by=scorer)
            log_weights = [log_weight(path_score(node, scorer, aggregate)) for node in living]
            weights = softmax(log_weights)
            # Resample.
            offset = rng.random()
            drawn = systematic(weights, offset)
            _record(living, log_weights, weights, drawn, offset, step)
            living = [living[i] for i in drawn]
        ends = yield Expand(
            [node for node in living if not node.is_final], stop=TURN, sampling=sampling, thinking=True
        )
        finished = [node for node in [*living, *ends] if node.is_final]
        yield Score(finished, by=scorer)
    except BudgetExhausted:
        finished = selection.candidates(root)
        if not finished:
            raise
    return selection.select(finished or living, select, scorer, aggregate)


def log_weight(reward: float | None) -> float:
    """The logit of a reward in [0, 1], clipped; 0 where the scorer abstained, the logit of one half."""
    if reward is None:
        return 0.0
    clipped = min(max(reward, CLIP), 1 - CLIP)
    return math.log(clipped / (1 - clipped))


def softmax(log_weights: Sequence[float]) -> list[float]:
    """Weights that sum to 1."""
    most = max(log_weights)
    powers = [math.exp(one - most) for one in log_weights]
    whole = sum(powers)
    return [power / whole for power in powers]


def systematic(weights: Sequence[float], offset: float) -> list[int]:
    """Indices drawn by one comb of n equally spaced teeth, (i + offset) / n with `offset` in [0, 1).

    An index of weight w is drawn ⌊n w⌋ or ⌈n w⌉ times. Source: Douc, Cappé and Moulines 2005 (arXiv
    cs/0507025, section 2).
    """
    n, at, cumulative = len(weights), 0, weights[0]
    drawn = []
    for i in range(n):
        tooth = (i + offset) / n
        while tooth >= cumulative and at < n - 1:
            at += 1
            cumulative += weights[at]
        drawn.append(at)
    return drawn


def _record(
    living: Sequence[Node],
    log_weights: Sequence[float],
    weights: Sequence[float],
    drawn: Sequence[int],
    offset: float,
    step: int,
) -> None:
    """Note the resampling at the root, and each particle's part in it where it stands."""
    root = living[0].path()[0]
    ids = [node.id for node in living]
    root.note(
        resampling={
            "step": step,
            "offset": offset,
            "particles": ids,
            "log_weights": list(log_weights),
            "weights": list(weights),
            "drawn": [ids[i] for i in drawn],
        }
    )
    for node in dict.fromkeys(living):
        places = [i for i, other in enumerate(living) if other is node]
        weight = sum(weights[i] for i in places)
        copies = sum(drawn.count(i) for i in places)
        node.note(weight=weight, copies=copies)
        words = f"Weight {weight:.3f} of 1"
        if copies:
            node.keep(f"{words}: resampled {copies} time{'' if copies == 1 else 's'} of {len(living)}.")
        else:
            node.prune(f"{words}: not resampled.")
