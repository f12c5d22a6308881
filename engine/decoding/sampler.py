"""Draws one token a row, and says how likely it was.

Knows logits and each row's settings. Does not know tokenizers, nodes or stop rules. Rows with different
settings share one pass; a row's draw depends on its own logits and its own stream alone.

Shapes: R rows, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from engine.decoding.random_stream import uniform

CONFIDENCE_TOKENS = 20  # arXiv 2508.15260, section 2
NUCLEUS_GUESS = 256  # largest logits looked at before a whole vocabulary is sorted


@dataclass(frozen=True, slots=True)
class Draw:
    """How one row draws: its sampling settings and its place in its random stream."""

    temperature: float
    top_p: float
    top_k: int
    seed: int
    node: int
    position: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """One row's token, its ln p under the untempered model, and -mean ln p of the 20 likeliest tokens.

    `is_bad`: the logits were not numbers, and the token means nothing.
    """

    token: int
    logprob: float
    confidence: float
    is_bad: bool


@torch.inference_mode()
def sample(logits: torch.Tensor, draws: Sequence[Draw]) -> list[Drawn]:
    """Draw one token a row of `logits` [R, V]: temperature, then top-k, then top-p, then inverse CDF."""
    device, vocabulary = logits.device, logits.shape[-1]
    logits = logits.float()
    is_bad = logits.isnan().any(-1) | (logits.amax(-1) == float("inf")) | (logits.amax(-1) == float("-inf"))
    logits = logits.masked_fill(is_bad[:, None], 0.0)
    logprobs = logits.log_softmax(-1)
    top = logprobs.topk(min(CONFIDENCE_TOKENS, vocabulary), -1).values
    confidences = -top.clamp_min(torch.finfo(torch.float32).min / CONFIDENCE_TOKENS).mean(-1)
    tokens = logits.argmax(-1)
    warm = [i for i, draw in enumerate(draws) if draw.temperature > 0]
    if warm:
        rows = torch.tensor(warm, device=device)
        tokens[rows] = _draw(logits[rows], [draws[i] for i in warm])
    chosen = logprobs.gather(-1, tokens[:, None])[:, 0]
    return [
        Drawn(int(token), logprob, confidence, bool(bad))
        for token, logprob, confidence, bad in zip(
            tokens.tolist(), chosen.tolist(), confidences.tolist(), is_bad.tolist(), strict=True
        )
    ]


def _draw(logits: torch.Tensor, draws: list[Draw]) -> torch.Tensor:
    """Tokens [R] for rows with a temperature above 0."""
    device, vocabulary = logits.device, logits.shape[-1]
    # Shifted first, so that a tiny temperature cannot overflow.
    logits = logits - logits.amax(-1, keepdim=True)
    temperatures = torch.tensor([draw.temperature for draw in draws], dtype=torch.float32, device=device)
    scaled = logits / temperatures[:, None]
    if any(0 < draw.top_k < vocabulary for draw in draws):
        limits = torch.tensor([min(draw.top_k or vocabulary, vocabulary) for draw in draws], device=device)
        scaled = _top_k(scaled, limits)
    probabilities = scaled.softmax(-1)
    nucleus = [i for i, draw in enumerate(draws) if draw.top_p < 1]
    if nucleus:
        rows = torch.tensor(nucleus, device=device)
        limits = torch.tensor([draws[i].top_p for i in nucleus], dtype=torch.float32, device=device)
        probabilities[rows] = _top_p(probabilities[rows], limits)
    exact = torch.float32 if device.type == "mps" else torch.float64  # MPS has no float64
    cumulative = probabilities.to(exact).cumsum(-1)
    numbers = uniform(
        torch.tensor([draw.seed for draw in draws], device=device),
        torch.tensor([draw.node for draw in draws], device=device),
        torch.tensor([draw.position for draw in draws], device=device),
    )
    # The first token whose cumulative mass exceeds the target: one of probability 0 is never it.
    target = numbers.to(exact)[:, None] * cumulative[:, -1:]
    return torch.searchsorted(cumulative, target, right=True)[:, 0].clamp_max(vocabulary - 1)


def _top_k(scaled: torch.Tensor, limits: torch.Tensor) -> torch.Tensor:
    """Keep each row's `limits` [R] largest logits (and ties with the last of them)."""
    vocabulary = scaled.shape[-1]
    is_limited = limits < vocabulary
    most = int(limits[is_limited].amax())
    largest = scaled.topk(most, -1).values
    floor = largest.gather(-1, (limits.clamp_max(most) - 1)[:, None])
    return scaled.masked_fill((scaled < floor) & is_limited[:, None], float("-inf"))


def _top_p(probabilities: torch.Tensor, limits: torch.Tensor) -> torch.Tensor:
    """Keep each row's smallest set of likeliest tokens whose mass reaches `limits` [R].

    A few hundred of the largest mostly hold the nucleus; only where they do not is the vocabulary sorted.
    """
    vocabulary = probabilities.shape[-1]
    for size in (min(NUCLEUS_GUESS, vocabulary), vocabulary):
        largest = probabilities.topk(size, -1).values
        before = largest.cumsum(-1) - largest
        if size == vocabulary or bool((before[:, -1] + largest[:, -1] >= limits).all()):
            break
    last = (before < limits[:, None]).sum(-1, keepdim=True).clamp_min(1) - 1
    floor = largest.gather(-1, last)
    return probabilities.masked_fill(probabilities < floor, 0.0)
