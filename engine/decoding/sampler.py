"""Draws one token a branch, and says how likely it was.

Knows logits and each branch's settings. Does not know tokenizers, nodes or stop rules. Branches with
different settings share one pass, and branches that have not parted yet share a row of logits; what a
branch draws depends on its row, its settings and its own stream alone.

Shapes: R rows, B branches, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from engine.decoding.random_stream import uniform

CONFIDENCE_TOKENS = 20  # arXiv 2508.15260, section 2
NUCLEUS_GUESS = 256  # largest logits looked at before a whole vocabulary is sorted
STEPS_AHEAD = 32  # numbers drawn from the streams at once


@dataclass(frozen=True, slots=True)
class Draw:
    """How one branch draws: its settings, and its place in its random stream. `row` is its row of logits."""

    temperature: float
    top_p: float
    top_k: int
    seed: int
    node: int
    position: int
    row: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """What each branch drew: tokens, ln p under the untempered model, -mean ln p of the 20 likeliest tokens.

    `bad` holds the branches whose logits were not numbers; their tokens mean nothing.
    """

    tokens: list[int]
    logprobs: list[float]
    confidences: list[float]
    bad: frozenset[int]
    chosen: torch.Tensor  # the tokens again, on the device, [B]


class Sampler:
    """The draws of a fixed set of branches, step after step."""

    def __init__(self, draws: Sequence[Draw], device: torch.device):
        self._draws = draws
        self._device = device
        rows = [draw.row for draw in draws]
        self._rows = None if rows == list(range(len(rows))) else torch.tensor(rows, device=device)
        self._warm = [i for i, draw in enumerate(draws) if draw.temperature > 0]
        self._are_all_warm = len(self._warm) == len(draws)
        some = [draws[i] for i in self._warm]
        self._which = torch.tensor(self._warm, dtype=torch.long, device=device)
        self._temperatures = _column([draw.temperature for draw in some], device)
        self._has_top_k = any(draw.top_k for draw in some)
        self._top_k = torch.tensor([draw.top_k for draw in some], dtype=torch.long, device=device)
        self._nucleus = [i for i, draw in enumerate(some) if draw.top_p < 1]
        self._top_p = _column([some[i].top_p for i in self._nucleus], device)[:, 0]
        self._step = 0
        self._numbers = torch.empty(0)

    @torch.inference_mode()
    def sample(self, logits: torch.Tensor) -> Drawn:
        """Draw from logits [R, V]: temperature, then top-k, then top-p, then inverse CDF."""
        logits = logits.float()
        logprobs = logits.log_softmax(-1)
        top = logprobs.topk(min(CONFIDENCE_TOKENS, logits.shape[-1]), -1).values
        confidences = -top.clamp_min(torch.finfo(torch.float32).min / CONFIDENCE_TOKENS).mean(-1)
        if self._rows is not None:
            logits, logprobs, confidences = logits[self._rows], logprobs[self._rows], confidences[self._rows]
        if self._are_all_warm:
            tokens = self._draw(logits)
        else:
            tokens = logits.argmax(-1)
            if self._warm:
                tokens[self._which] = self._draw(logits[self._which])
        self._step += 1
        chosen = logprobs.gather(-1, tokens[:, None])[:, 0].tolist()
        return Drawn(tokens.tolist(), chosen, confidences.tolist(), bad_among(chosen), tokens)

    def _draw(self, logits: torch.Tensor) -> torch.Tensor:
        """Tokens of the branches with a temperature above 0."""
        vocabulary = logits.shape[-1]
        # Shifted first, so that a tiny temperature cannot overflow.
        scaled = (logits - logits.amax(-1, keepdim=True)) / self._temperatures
        if self._has_top_k:
            scaled = _top_k(scaled, torch.where(self._top_k > 0, self._top_k, vocabulary))
        probabilities = scaled.softmax(-1)
        if len(self._nucleus) == len(probabilities):
            probabilities = _top_p(probabilities, self._top_p)
        elif self._nucleus:
            probabilities[self._nucleus] = _top_p(probabilities[self._nucleus], self._top_p)
        exact = torch.float32 if self._device.type == "mps" else torch.float64  # MPS has no float64
        cumulative = probabilities.cumsum(-1, dtype=exact)
        # The first token whose cumulative mass exceeds the target: one of probability 0 is never it.
        target = self._next_numbers().to(exact)[:, None] * cumulative[:, -1:]
        return torch.searchsorted(cumulative, target, right=True)[:, 0].clamp_max(vocabulary - 1)

    def _next_numbers(self) -> torch.Tensor:
        """Numbers in [0, 1), one for each of the branches with a temperature."""
        ahead = self._step % STEPS_AHEAD
        if ahead == 0:
            some = [self._draws[i] for i in self._warm]
            seeds, nodes, positions = (
                torch.tensor(values, device=self._device)[:, None]
                for values in ([d.seed for d in some], [d.node for d in some], [d.position for d in some])
            )
            steps = self._step + torch.arange(STEPS_AHEAD, device=self._device)
            self._numbers = uniform(*torch.broadcast_tensors(seeds, nodes, positions + steps))
        return self._numbers[:, ahead]


def bad_among(logprobs: Sequence[float]) -> frozenset[int]:
    """Where any logit is not a number, or infinite, none of the row's logprobs is a number."""
    return frozenset(i for i, logprob in enumerate(logprobs) if not -1e30 < logprob < 1e-3)


def _column(numbers: Sequence[float], device: torch.device) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float32, device=device)[:, None]


def _top_k(scaled: torch.Tensor, limits: torch.Tensor) -> torch.Tensor:
    """Keep each row's `limits` [R] largest logits (and ties with the last of them)."""
    vocabulary = scaled.shape[-1]
    limits = limits.clamp_max(vocabulary)
    is_limited = limits < vocabulary
    if not bool(is_limited.any()):
        return scaled
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
