"""What a process reward learns from: verdicts, the next token where it is right, and surprises.

How surprising a token is: 1 - p, by the model's own old layers. They know much of where a solution goes
wrong: the product of all p so far ranks the steps of sums and stories at an area of 0.95 and more. A layer
above them is taught to see it, by a head that only the training has. In solutions as they are one token in
fifty has a p below one half, too few to learn from; where tokens are replaced at random, one in four has. To
learn from every token whether it was replaced is ELECTRA's idea (arXiv 2003.10555, section 2); here what
counts is how surprising it is, replaced or not.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, pad, rms_norm
from transformers import LlamaForCausalLM, LlamaForTokenClassification

from engine.training.batches import IGNORED, Batch, learned
from engine.training.tokenizer import PAD_ID

SPOKEN_SHARE = 0.5  # weight of the next-token loss
REPLACED_SHARE = 0.1


class Surprise(nn.Module):
    """Beside a reward while it learns: what its layers before `first` expect, a head that tells surprises."""

    expecting: torch.Tensor

    def __init__(self, author: LlamaForCausalLM, first: int):
        super().__init__()
        self.first = first
        self.head = nn.Linear(author.config.hidden_size, 1)
        self.epsilon = author.config.rms_norm_eps
        self.register_buffer("expecting", author.model.norm.weight.detach().clone(), persistent=False)

    def expected(self, model: LlamaForTokenClassification, states: torch.Tensor) -> torch.Tensor:
        """The logits of the next token (..., vocabulary) by the states before `first` (..., hidden)."""
        normed = rms_norm(states, self.expecting.shape, self.expecting, self.epsilon)
        return (normed @ model.model.embed_tokens.weight.T).float()

    def loss(self, states: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of what the head tells of states (N, hidden) with `targets` (N,) from 0 to 1."""
        told = self.head(rms_norm(states, states.shape[-1:])).squeeze(-1).float()
        return binary_cross_entropy_with_logits(told, targets)


def unlikely(expected: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """1 - p of `tokens` (N,) by the logits `expected` (N, vocabulary), which learn nothing from it."""
    return 1 - expected.detach().softmax(-1).gather(1, tokens.unsqueeze(1)).squeeze(1)


def replaced(batch: Batch) -> torch.Tensor:
    """The batch's ids (B, T), some tokens of each solution replaced by others of its row.

    Which ones is drawn from the batch itself, so it is the same whenever the batch is.
    """
    ids, _ = batch
    draw = torch.Generator().manual_seed(int(ids.sum()))
    others = ids[:, torch.randperm(ids.shape[1], generator=draw)]
    is_drawn = torch.rand(ids.shape, generator=draw) < REPLACED_SHARE
    return torch.where(is_drawn & _solutions(batch) & (others != PAD_ID), others, ids)


def _solutions(batch: Batch) -> torch.Tensor:
    """Where a solution's tokens are: from the first that has a verdict on, (B, T)."""
    ids, labels = batch
    return ((labels != IGNORED).cumsum(1) > 0) & (ids != PAD_ID)


def surprise_loss(model: Any, batch: Batch) -> torch.Tensor:
    """Cross-entropy of the surprises in solutions with replaced tokens; `model` as for `reward_loss`.

    The tokens of a question count as no surprise.
    """
    surprise: Surprise = model.surprise
    ids = replaced(batch)
    states = model.model(input_ids=ids, use_cache=False, output_hidden_states=True).hidden_states
    solutions = _solutions(batch)
    there = solutions[:, 1:]
    with torch.no_grad():
        expected = surprise.expected(model, states[surprise.first][:, :-1][there])
    targets = torch.zeros(ids.shape)
    targets[:, 1:][there] = unlikely(expected, ids[:, 1:][there])
    is_token = ids != PAD_ID
    return surprise.loss(states[surprise.first + 1][is_token], targets[is_token])


def reward_loss(model: Any, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy of the verdicts, of the next token where that is right, and of the surprises.

    `model` is a LlamaForTokenClassification with a `Surprise` as `surprise`.
    """
    ids, labels = batch
    surprise: Surprise = model.surprise
    states = model.model(input_ids=ids, use_cache=False, output_hidden_states=True).hidden_states
    chosen, verdicts = learned(labels, states[-1])
    judged = cross_entropy(model.score(chosen).float(), verdicts, ignore_index=IGNORED)
    said = ids.masked_fill(labels == IGNORED, IGNORED)[:, 1:]
    before, tokens = learned(said, states[surprise.first][:, :-1])
    after, rights = learned(labels[:, 1:], states[surprise.first + 1][:, 1:])
    asked = states[surprise.first + 1][~_solutions(batch) & (ids != PAD_ID)]
    expected = surprise.expected(model, before)
    spoken = cross_entropy(expected, tokens.masked_fill(rights != 1, IGNORED), ignore_index=IGNORED)
    there = tokens != IGNORED
    targets = unlikely(expected[there], tokens[there])
    told = surprise.loss(torch.cat([after[there], asked]), pad(targets, (0, len(asked))))
    return judged + SPOKEN_SHARE * spoken + told
