"""Attention over the key-value tree, for unmodified Hugging Face models.

Registered by name with `AttentionInterface` and given no mask entry, so a model built on that interface
calls it with its queries, keys and values and passes our `plan` through as an extra keyword argument. All
tokens of a step lie packed in one sequence of batch 1: first one token for every decoding row, then the
blocks of tokens read for the first time. Knows the plan. Does not know token ids or what the rows are for.

Every row is attended apart from every other, in a shape that does not depend on what shares the batch: at
least four queries a product and lengths of `engine.decoding.slots.LENGTHS`. With that, PyTorch's CPU kernels
give each row the same bits alone and in company (tests/engine/decoding/test_runner.py holds them to it).

What the fast path will replace here: the copied trunk by cascade attention over shared segments, merged by
log-sum-exp, and the loop over blocks by one variable-length kernel.

Shapes: B = 1, T packed tokens, R rows, H query heads, K key-value heads, G = H / K, N keys, D head dimension.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from transformers import AttentionInterface

NAME = "ponder_tree"
MIN_QUERIES = 4


@dataclass(frozen=True, slots=True)
class Rows:
    """The decoding rows of a step: a contiguous range of slots, one packed token each, at the front."""

    keys: torch.Tensor  # [L, R, K, N, D], a view of the slots
    values: torch.Tensor
    index: torch.Tensor  # [R]: 0 … R-1
    positions: torch.Tensor  # [R]: where this step's key goes
    mask: torch.Tensor  # [R, 1, 1, N], additive


@dataclass(frozen=True, slots=True)
class Chain:
    """New tokens of a block that follow each other: the rest of one path after the last branch in it."""

    start: int  # within the block
    tokens: int
    keys: torch.Tensor | None  # [n], where the path's keys lie in the block; None: they are its first ones
    mask: torch.Tensor  # [padded tokens, n], additive, causal


@dataclass(frozen=True, slots=True)
class Block:
    """New tokens that continue one cached path, perhaps as a small tree of their own, cut into chains."""

    start: int  # of the packed axis
    tokens: int
    cached: int  # tokens of the cached path, at the front of keys and values
    keys_values: torch.Tensor  # [2, L, K, N, D]
    chains: list[Chain]


@dataclass(slots=True)
class Plan:
    """What one forward pass attends to. With `shapes` it only measures: plain causal attention."""

    rows: Rows | None = None
    blocks: list[Block] = field(default_factory=list)
    shapes: dict[int, tuple[int, int, int]] | None = None  # layer -> heads, key and value dimension


class NotServed(Exception):
    """The model asks of its attention what the tree does not do; the message says what."""


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
    """Attention of one layer [1, T, H, D]; writes this step's keys and values where the plan says."""
    if plan is None:
        raise NotServed("its layers do not pass on what the attention must know")
    for name in ("softcap", "sliding_window", "s_aux", "position_bias"):
        if others.get(name) is not None:
            raise NotServed(f"its attention uses {name.replace('_', ' ')}")
    layer = module.layer_idx
    assert isinstance(layer, int)
    groups = query.shape[1] // key.shape[1]
    if plan.shapes is not None:
        plan.shapes[layer] = (key.shape[1], key.shape[3], value.shape[3])
        out = F.scaled_dot_product_attention(
            query, _spread(key, groups), _spread(value, groups), is_causal=True, scale=scaling
        )
        return out.transpose(1, 2), None
    out = query.new_zeros(query.shape[2], query.shape[1], query.shape[3])  # [T, H, D]; padding stays 0
    if plan.rows is not None:
        count = len(plan.rows.index)
        out[:count] = _decode(
            plan.rows, layer, query[0, :, :count], key[0, :, :count], value[0, :, :count], scaling
        )
    for block in plan.blocks:
        part = slice(block.start, block.start + block.tokens)
        out[part] = _read(
            block, layer, query[:, :, part], key[0, :, part], value[0, :, part], groups, scaling
        )
    return out.unsqueeze(0), None


def _decode(
    rows: Rows, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float | None
) -> torch.Tensor:
    """One token a row against the row's own slot. Takes [H, R, D] and [K, R, D], returns [R, H, D]."""
    heads, count, dim = query.shape
    kv_heads = key.shape[0]
    groups = heads // kv_heads
    keys, values = rows.keys[layer], rows.values[layer]  # [R, K, N, D]
    keys[rows.index, :, rows.positions] = key.transpose(0, 1)
    values[rows.index, :, rows.positions] = value.transpose(0, 1)
    queries = query.view(kv_heads, groups, count, dim).permute(2, 0, 1, 3)  # [R, K, G, D]
    queries = F.pad(queries, (0, 0, 0, -groups % MIN_QUERIES))
    out = F.scaled_dot_product_attention(queries, keys, values, attn_mask=rows.mask, scale=scaling)
    return out[:, :, :groups].reshape(count, heads, dim)


def _read(
    block: Block,
    layer: int,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    groups: int,
    scaling: float | None,
) -> torch.Tensor:
    """New tokens, [1, H, t, D] and [K, t, D], against their cached path and each other: [t, H, D]."""
    own = slice(block.cached, block.cached + block.tokens)
    keys, values = block.keys_values[0, layer], block.keys_values[1, layer]  # [K, N, D]
    keys[:, own] = key
    values[:, own] = value
    outs: list[torch.Tensor] = []
    for chain in block.chains:
        # A path's keys are gathered in their order, as they would lie if the path were read alone.
        length = chain.mask.shape[1]
        own_keys = keys[:, :length] if chain.keys is None else keys[:, chain.keys]
        own_values = values[:, :length] if chain.keys is None else values[:, chain.keys]
        queries = query[:, :, chain.start : chain.start + chain.tokens]
        queries = F.pad(queries, (0, 0, 0, chain.mask.shape[0] - chain.tokens))
        out = F.scaled_dot_product_attention(
            queries,
            _spread(own_keys[None], groups),
            _spread(own_values[None], groups),
            attn_mask=chain.mask,
            scale=scaling,
        )
        outs.append(out[0, :, : chain.tokens].transpose(0, 1))
    return outs[0] if len(outs) == 1 else torch.cat(outs)


def _spread(heads: torch.Tensor, groups: int) -> torch.Tensor:
    """Repeat key-value heads [1, K, N, D] for their query heads: [1, H, N, D]."""
    return heads if groups == 1 else heads.repeat_interleave(groups, dim=1)


AttentionInterface.register(NAME, tree_attention)
