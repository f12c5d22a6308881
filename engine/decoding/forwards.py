"""One forward pass of an unmodified Hugging Face model, with the plan's attention in place of its own.

The attention is registered by name with `AttentionInterface` and given no mask entry, so a model built on
that interface calls it with its queries, keys and values and passes `plan` through as an extra keyword
argument. Knows models' forward. Does not know slots, rows or what the outputs are for.
`engine.decoding.flat` is the faster way for the shapes it knows.
"""

from __future__ import annotations

import inspect
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from transformers import AttentionInterface

from engine.decoding.attention import Plan, attend

NAME = "ponder_tree"


class Forward(Protocol):
    """A forward pass: token ids and positions [T], and which packed tokens' outputs are wanted, None for all.

    Returns the outputs [wanted, V].
    """

    name: str

    def __call__(
        self, ids: torch.Tensor, positions: torch.Tensor, plan: Plan, wanted: torch.Tensor | None
    ) -> torch.Tensor: ...


class NotServed(Exception):
    """The model asks of its attention what the tree does not do; the message says what."""


class Hooked:
    """The model's own forward around our attention."""

    name = "key-value tree"

    def __init__(self, model: Any):
        self._model = model
        self._keeps_logits = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._others = {"use_cache": False}

    def __call__(
        self, ids: torch.Tensor, positions: torch.Tensor, plan: Plan, wanted: torch.Tensor | None
    ) -> torch.Tensor:
        arguments: dict[str, Any] = {"position_ids": positions[None], "plan": plan, **self._others}
        if self._keeps_logits and wanted is not None:
            return self._model(ids[None], logits_to_keep=wanted, **arguments).logits[0]
        logits = self._model(ids[None], **arguments).logits[0]
        return logits if wanted is None else logits[wanted]


def tree_attention(
    module: torch.nn.Module,
    query: torch.Tensor,  # [1, H, T, D]
    key: torch.Tensor,  # [1, K, T, D]
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    plan: Plan | None = None,
    **others: object,
) -> tuple[torch.Tensor, None]:
    """Attention of one layer, [1, T, H, D], as transformers calls it."""
    if plan is None:
        raise NotServed("its layers do not pass on what the attention must know")
    for name in ("softcap", "sliding_window", "s_aux", "position_bias"):
        if others.get(name) is not None:
            raise NotServed(f"its attention uses {name.replace('_', ' ')}")
    layer = module.layer_idx
    assert isinstance(layer, int)
    _, heads, packed, dim = query.shape
    scale = dim**-0.5 if scaling is None else scaling
    if plan.shapes is not None:
        plan.shapes[layer] = (key.shape[1], key.shape[3], value.shape[3])
        groups = heads // key.shape[1]
        key, value = (part.repeat_interleave(groups, dim=1) for part in (key, value))
        out = F.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scale)
        return out.transpose(1, 2), None
    key_value = torch.stack((key[0], value[0])).permute(2, 0, 1, 3).reshape(packed, -1)  # [T, 2 · K · D]
    out = attend(plan, layer, query[0].transpose(0, 1), key_value, scale)
    return out.view(1, packed, heads, dim), None


AttentionInterface.register(NAME, tree_attention)
