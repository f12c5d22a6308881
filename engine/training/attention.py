"""Causal attention for training short rows: two batched matrix products and a softmax.

The library's fused kernels are slower in the backward pass at rows of about a hundred tokens (a third of
the whole step on a CPU). Rows are right-padded, so the causal mask alone keeps padding out of every loss.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from transformers import AttentionInterface, PreTrainedModel

NAME = "ponder_short_rows"


@lru_cache(maxsize=8)
def _future(length: int, device: torch.device) -> torch.Tensor:
    return torch.ones(length, length, dtype=torch.bool, device=device).triu(1)


def _attend(module, query, key, value, attention_mask, scaling=None, dropout=0.0, **_):
    """query (B, H, T, D), key and value (B, KV, T, D) -> (B, T, H, D)."""
    batch, heads, length, dim = query.shape
    shared = key.shape[1]
    query = query.reshape(batch, shared, heads // shared * length, dim) * scaling
    scores = torch.matmul(query, key.transpose(2, 3)).view(batch, heads, length, length)
    scores = scores.masked_fill(_future(length, query.device), -1e4)
    weights = torch.softmax(scores, dim=-1).view(batch, shared, heads // shared * length, length)
    return torch.matmul(weights, value).view(batch, heads, length, dim).transpose(1, 2).contiguous(), None


def use_in(model: PreTrainedModel) -> None:
    """Switch a model to this attention."""
    AttentionInterface.register(NAME, _attend)
    model.set_attn_implementation(NAME)
