"""Attention of one forward pass over the key-value tree: own tokens in slots, shared trunks once, merged.

Every packed token belongs to a lane: a row that decodes (one token) or a path that is read (several). Lanes
of one group lie in one tensor of slots and are attended together; lanes that share a trunk attend to it
together in a second product, and the two partial results are merged by their log-sum-exp (cascade
attention). Knows the plan. Does not know token ids or what the lanes are for.

A row's result has the same bits whatever shares the batch: what a product sums over depends on the row's own
path only, its row count is padded, and lengths are those of `engine.decoding.invariance`.

Shapes: T packed tokens, H query heads, K key-value heads, G = H / K, D head dimension; a group has n lanes
of t tokens each and s tokens of slot; M = G · t queries a lane and key-value head.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from engine.decoding.trunks import Trunk


@dataclass(slots=True)
class Shared:
    """Lanes of a group that attend to one trunk."""

    trunk: Trunk
    lanes: torch.Tensor | None  # [m], None for all of the group, in order


@dataclass(slots=True)
class Group:
    """Lanes whose own tokens lie in one tensor of slots."""

    keys: list[torch.Tensor]  # a layer: [n, K, s, D], a view of the slots
    values: list[torch.Tensor]
    flat: list[torch.Tensor]  # a layer: all slots as [slots · room, 2 · K · D], where new tokens are written
    places: torch.Tensor  # [n · t], rows of `flat` for this pass's tokens
    mask: torch.Tensor  # [n, 1, 1 or M, s], additive
    tokens: int = 1  # t
    start: int = 0  # of its lanes' tokens among the packed ones
    shared: list[Shared] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """What one forward pass attends to. With `shapes` it only measures: plain causal attention."""

    groups: list[Group] = field(default_factory=list)
    query_multiple: int = 1
    shapes: dict[int, tuple[int, int, int]] | None = None  # layer -> heads, key and value dimension


def attend(
    plan: Plan, layer: int, query: torch.Tensor, key_value: torch.Tensor, scale: float
) -> torch.Tensor:
    """One layer's attention [T, H · D] of query [T, H, D]; writes key_value [T, 2 · K · D] into the slots."""
    packed, heads, dim = query.shape
    whole: torch.Tensor | None = None
    for group in plan.groups:
        keys, values = group.keys[layer], group.values[layer]
        lanes, key_heads = keys.shape[:2]
        count = lanes * group.tokens
        part = slice(group.start, group.start + count)
        group.flat[layer].index_copy_(0, group.places, key_value[part])
        own_query = query[part].view(lanes, group.tokens, key_heads, heads // key_heads, dim)
        if group.tokens == 1:
            own_query = own_query[:, 0]  # [n, K, G, D]
        else:
            own_query = own_query.permute(0, 2, 3, 1, 4).reshape(lanes, key_heads, -1, dim)  # [n, K, M, D]
        out, lse = partial(own_query, keys, values, group.mask, scale)
        for shared in group.shared:
            out = _with_trunk(shared, layer, own_query, out, lse, scale, plan.query_multiple)
        if group.tokens > 1:
            out = out.view(lanes, key_heads, -1, group.tokens, dim).permute(0, 3, 1, 2, 4)
        out = out.reshape(count, heads * dim)
        if count == packed:
            return out
        if whole is None:
            whole = out.new_zeros(packed, heads * dim)  # padding stays 0
        whole[part] = out
    assert whole is not None, "a pass without lanes"
    return whole


def _with_trunk(
    shared: Shared,
    layer: int,
    query: torch.Tensor,
    out: torch.Tensor,
    lse: torch.Tensor,
    scale: float,
    multiple: int,
) -> torch.Tensor:
    """The lanes' results [n, K, M, D] with the trunk's merged in; `lse` [n, K, M] is that of `out`."""
    if shared.lanes is None:
        return _merge(shared.trunk, layer, query, out, lse, scale, multiple)
    some = shared.lanes
    merged = _merge(shared.trunk, layer, query[some], out[some], lse[some], scale, multiple)
    return out.index_copy(0, some, merged)


def _merge(
    trunk: Trunk,
    layer: int,
    query: torch.Tensor,
    out: torch.Tensor,
    lse: torch.Tensor,
    scale: float,
    multiple: int,
) -> torch.Tensor:
    lanes, heads, queries, dim = query.shape
    count = lanes * queries
    folded = query.transpose(0, 1).reshape(1, heads, count, dim)
    if padding := -count % multiple:
        folded = F.pad(folded, (0, 0, 0, padding))
    above, above_lse = partial(folded, trunk.keys[layer], trunk.values[layer], None, scale)
    above = above[0, :, :count].view(heads, lanes, queries, dim).transpose(0, 1)
    above_lse = above_lse[0, :, :count].view(heads, lanes, queries).transpose(0, 1)
    share = torch.sigmoid(above_lse - lse).unsqueeze(-1).to(out.dtype)  # of the softmax's mass on the trunk
    return torch.lerp(out, above, share)


def partial(
    query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention over some keys, [n, K, M, D], and the log of the sum of its exponentials, [n, K, M]."""
    if query.device.type == "cpu":
        return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            query, keys, values, attn_mask=mask, scale=scale
        )
    if mask is None and _has_flash(query.device, query.dtype, query.shape[-1]):
        out, lse, *_ = torch.ops.aten._scaled_dot_product_flash_attention(query, keys, values, scale=scale)
        return out, lse
    scores = torch.matmul(query * scale, keys.transpose(-1, -2)).float()
    if mask is not None:
        scores = scores + mask
    lse = scores.logsumexp(-1)
    weights = torch.exp(scores - lse.unsqueeze(-1)).to(values.dtype)
    return torch.matmul(weights, values), lse


@functools.cache
def _has_flash(device: torch.device, dtype: torch.dtype, dim: int) -> bool:
    """Whether the device's flash kernel serves: half precision on Ampere or later, heads of up to 256.

    A trunk, the longest part, goes this way. A row's own tokens are masked, which that kernel does not do.
    Not run on a device yet: conditions and outputs by the kernel's documentation.
    """
    return (
        device.type == "cuda"
        and dtype in (torch.float16, torch.bfloat16)
        and dim % 8 == 0
        and dim <= 256
        and torch.cuda.get_device_capability(device) >= (8, 0)
        and torch.version.hip is None
    )
