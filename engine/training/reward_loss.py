"""What a process reward learns from: verdicts, the next token where it is right, and how surprising each is.

Its lower part stays an author: it goes on learning what is right to say, and the layer above it
(`engine/training/surprise_layer.py`) to tell how unlikely that part finds what is said.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy, log_softmax, nll_loss, rms_norm, smooth_l1_loss
from transformers import LlamaForCausalLM, LlamaForTokenClassification

from engine.training.batches import IGNORED, Batch, learned
from engine.training.surprise_layer import LOUD, TOLD, targets_of

SPOKEN_SHARE = 0.5  # weight of the next-token loss


class Expectation(nn.Module):
    """Beside a reward while it learns: how its layers before `first` expect the next token."""

    norm: torch.Tensor

    def __init__(self, author: LlamaForCausalLM):
        super().__init__()
        self.first = author.config.num_hidden_layers
        self.epsilon = author.config.rms_norm_eps
        self.register_buffer("norm", author.model.norm.weight.detach().clone(), persistent=False)

    def of_next(self, model: LlamaForTokenClassification, states: torch.Tensor) -> torch.Tensor:
        """Log-probabilities of the next token (..., vocabulary) by states before `first` (..., hidden)."""
        old = len(self.norm)
        normed = rms_norm(states[..., :old], self.norm.shape, self.norm, self.epsilon)
        return log_softmax((normed @ model.model.embed_tokens.weight[:, :old].T).float(), -1)

    def told(self, model: LlamaForTokenClassification, states: torch.Tensor) -> torch.Tensor:
        """What the layer at `first` tells of states (B, T, hidden) before it, (B, T, 4).

        The states learn nothing from it: an author who did would learn to be easily told.
        """
        places = torch.arange(states.shape[1], device=states.device)[None]
        states = states.detach()
        made = model.model.layers[self.first](
            states,
            attention_mask=None,
            position_ids=places,
            position_embeddings=model.model.rotary_emb(states, places),
        )
        return made[..., len(self.norm) :][..., TOLD] / LOUD


def reward_loss(model: Any, batch: Batch) -> torch.Tensor:
    """Cross-entropy of verdicts and of the next token where that is right, and the error of what is told.

    `model` is a LlamaForTokenClassification with an `Expectation` as `expectation`.
    """
    ids, labels = batch
    author: Expectation = model.expectation
    states = model.model(input_ids=ids, use_cache=False, output_hidden_states=True).hidden_states
    chosen, verdicts = learned(labels, states[-1])
    judged = cross_entropy(model.score(chosen).float(), verdicts, ignore_index=IGNORED)
    said = ids.masked_fill(labels == IGNORED, IGNORED)[:, 1:]
    before, tokens = learned(said, states[author.first][:, :-1])
    told, rights = learned(labels[:, 1:], author.told(model, states[author.first])[:, 1:])
    expected = author.of_next(model, before)
    spoken = nll_loss(expected, tokens.masked_fill(rights != 1, IGNORED), ignore_index=IGNORED)
    there = tokens != IGNORED
    surprise = -expected.detach()[there].gather(1, tokens[there].unsqueeze(1)).squeeze(1)
    return (
        judged + SPOKEN_SHARE * spoken + smooth_l1_loss(told[there].float(), targets_of(surprise), beta=0.3)
    )
