"""From rows and their slots to what a pass attends to.

Knows slots, rows, plans and which shapes keep a row's bits. Does not know tokens or models.

Shapes: n lanes of t tokens in slots of s tokens; K key-value heads, G query heads each, D head dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from engine.decoding import invariance
from engine.decoding.attention import Group, Plan, Shared
from engine.decoding.forwards import Forward
from engine.decoding.graphs import Recorded
from engine.decoding.rows import Places, Row
from engine.decoding.slots import Slots
from engine.decoding.trunks import Trunk

GRID = (64, 128, 256, 512)  # lengths where no kernel was tried


@dataclass(frozen=True, slots=True)
class Rules:
    """The shapes that a model's passes keep to on this device."""

    dtype: torch.dtype
    device: torch.device
    groups: int  # G
    row_multiple: int = 1
    query_multiple: int = 1
    lengths: tuple[int, ...] = GRID

    def length(self, tokens: int) -> int:
        return invariance.rounded(tokens, self.lengths)

    def pad(self, numbers: Sequence[int]) -> list[int]:
        """The numbers, and zeros up to a good row count."""
        return [*numbers, *[0] * (-len(numbers) % self.row_multiple)]

    def long(self, numbers: Sequence[int]) -> torch.Tensor:
        return torch.tensor(numbers, dtype=torch.long, device=self.device)


def rules_for(model: Any, shape: tuple[int, int, int]) -> Rules:
    """The rules for a model whose attention has the shape (layers, key-value heads, head dimension)."""
    _, heads, dim = shape
    dtype, device = model.dtype, model.device
    groups = max(1, model.config.get_text_config().num_attention_heads // heads)
    if device.type != "cpu":
        return Rules(dtype, device, groups)
    threads = torch.get_num_threads()
    weights = {(p.shape[0], p.shape[1]) for p in model.parameters() if p.ndim == 2}
    return Rules(
        dtype, device, groups,
        invariance.row_multiple(weights, dtype),
        invariance.query_multiple(dim, dtype, threads),
        invariance.lengths(groups, dim, dtype, threads),
    )  # fmt: skip


@dataclass(slots=True)
class Batch:
    """The rows' next steps: everything a step needs, kept up to date by a few sums instead of made anew."""

    forward: Forward
    plan: Plan
    ids: torch.Tensor  # [R, padded]; the next tokens
    positions: torch.Tensor  # [R, padded]
    shown: list[
        tuple[torch.Tensor, torch.Tensor]
    ]  # a group: its mask, flat, and where the next token lies in it
    rows: int
    most_steps: int  # until a slot's view is full
    steps: int = 0
    _recorded: Recorded | None = None

    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        """Feed every row its next token, [R]; the logits that follow, [R, V], until the next call."""
        self.ids[: self.rows] = tokens
        self.steps += 1
        if self.ids.device.type != "cuda":
            return self._step()
        if self._recorded is None:
            self._recorded = Recorded(self._step)
        return self._recorded()

    def _step(self) -> torch.Tensor:
        """One pass, and everything moved on by one token, in place."""
        for mask, places in self.shown:  # each row sees its new token
            mask.index_fill_(0, places, 0.0)
        logits = self.forward(self.ids, self.positions, self.plan, None)[: self.rows]
        self.positions[: self.rows] += 1
        for group, (_, places) in zip(self.plan.groups, self.shown, strict=True):
            group.places += 1
            places += 1
        return logits


def batch_of(forward: Forward, places: Places, rules: Rules) -> Batch:
    """The batch of all rows as they stand, class by class, in the order of their slots."""
    rows: list[Row] = []
    plan = Plan(query_multiple=rules.query_multiple)
    shown: list[tuple[torch.Tensor, torch.Tensor]] = []
    most_steps = max(rules.lengths)
    for slots, members in places.classes():
        longest = max(row.own for row in members)
        length = rules.length(longest + 1)
        slots.reserve(slots.count, length)
        made = group(slots, members, length, 1, rules, len(rows))
        plan.groups.append(made)
        rows += members
        own = rules.long([row.own for row in members])
        shown.append((made.mask.view(-1), torch.arange(len(members), device=rules.device) * length + own))
        most_steps = min(most_steps, length - longest)
    positions = rules.long(rules.pad([row.tokens for row in rows]))
    return Batch(forward, plan, torch.zeros_like(positions), positions, shown, len(rows), most_steps)


def group(slots: Slots, rows: Sequence[Row], length: int, tokens: int, rules: Rules, start: int = 0) -> Group:
    """The first slots, in order, as lanes that read `tokens` tokens each after the rows' own ones.

    Their tokens lie from `start` on among the packed ones. Of a lane that decodes (one token) the mask
    hides that token too, until it is fed.
    """
    count, device = len(rows), rules.device
    own = rules.long([row.own for row in rows])
    new = torch.arange(tokens, device=device)
    last = own[:, None] + new if tokens > 1 else own[:, None] - 1  # [n, t], the last key that each token sees
    is_later = torch.arange(length, device=device) > last[..., None]  # [n, t, s]
    mask = torch.zeros(is_later.shape, dtype=rules.dtype, device=device).masked_fill_(is_later, float("-inf"))
    if tokens > 1:
        mask = mask[:, None].expand(-1, rules.groups, -1, -1).reshape(count, rules.groups * tokens, length)
    views = [layer[:count, :length].permute(2, 0, 3, 1, 4) for layer in slots.layers]  # [2, n, K, s, D]
    slot = torch.arange(count, device=device)
    return Group(
        keys=[view[0] for view in views],
        values=[view[1] for view in views],
        flat=[layer.view(layer.shape[0] * layer.shape[1], -1) for layer in slots.layers],
        places=(slot[:, None] * slots.room + own[:, None] + new).flatten(),
        mask=mask[:, None],
        tokens=tokens,
        start=start,
        shared=_shared(rows, rules),
    )


def _shared(rows: Sequence[Row], rules: Rules) -> list[Shared]:
    """Which lanes attend to which trunk."""
    trunks: dict[Trunk, list[int]] = {}
    for lane, row in enumerate(rows):
        if row.trunk is not None:
            trunks.setdefault(row.trunk, []).append(lane)
    return [
        Shared(trunk, None if len(lanes) == len(rows) else rules.long(lanes))
        for trunk, lanes in trunks.items()
    ]
