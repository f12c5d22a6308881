"""Causal attention for training short rows: two batched matrix products and a softmax.

The library's fused kernels are slower in the backward pass at rows of about a hundred tokens (a third of
the whole step on a CPU). The causal mask is a bias of the first product, which costs no pass of its own.
Rows are right-padded, so that mask alone keeps padding out of every loss.
"""

from __future__ import annotations

import torch
from transformers import AttentionInterface, PreTrainedModel

NAME = "ponder_short_rows"
HIDDEN = -1e4  # added to what a token must not see; far below any score, and finite in bf16


def _attend(module, query, key, value, attention_mask, scaling, dropout=0.0, **_):
    """query (B, H, T, D), key and value (B, KV, T, D) -> (B, T, H, D)."""
    batch, heads, length, dim = query.shape
    shared = key.shape[1]
    groups = heads // shared
    future = torch.ones(length, length, dtype=torch.bool, device=query.device).triu(1)
    bias = torch.zeros(length, length, dtype=query.dtype, device=query.device).masked_fill(future, HIDDEN)
    query = query.reshape(batch * shared, groups * length, dim)
    key, value = (part.reshape(batch * shared, length, dim) for part in (key, value))
    scores = torch.baddbmm(bias.repeat(groups, 1), query, key.transpose(1, 2), alpha=scaling)
    out = torch.bmm(torch.softmax(scores, dim=-1), value)  # (B * KV, groups * T, D)
    return out.view(batch, heads, length, dim).transpose(1, 2), None


def use_in(model: PreTrainedModel) -> None:
    """Switch a model to this attention."""
    AttentionInterface.register(NAME, _attend)
    model.set_attn_implementation(NAME)
