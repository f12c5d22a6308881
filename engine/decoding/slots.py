"""Preallocated keys and values of the rows that are decoding now, each row's own tokens in a slot of its own.

Knows slots 0 … n-1, kept dense so that a step attends over one contiguous slice. Does not know tokens, models
or what the rows share: a trunk that several rows have in common lies once in `engine.decoding.trunks`.

Shapes: R slots, S tokens of room, K key-value heads, D head dimension; one tensor [R, S, 2, K, D] a layer, so
that a layer grows and is freed by itself and a new token's keys and values are written together.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

MORE_SLOTS = 16  # rows that room is made for at once
MORE_TOKENS = 64


class Slots:
    """The slots of one size class. `count` of them are in use."""

    def __init__(self, layers: int, heads: int, head_dim: int, dtype: torch.dtype, device: torch.device):
        self.count = 0
        empty = torch.zeros(0, 0, 2, heads, head_dim, dtype=dtype, device=device)
        self.layers = [empty] * layers

    @property
    def bytes(self) -> int:
        return sum(layer.nbytes for layer in self.layers)

    @property
    def room(self) -> int:
        """Tokens that a slot holds."""
        return self.layers[0].shape[1]

    def reserve(self, rows: int, length: int) -> None:
        """Make room for `rows` slots of `length` tokens; what is in use keeps its content."""
        have, room = self.layers[0].shape[:2]
        if rows <= have and length <= room:
            return
        rows = have if rows <= have else -(-rows // MORE_SLOTS) * MORE_SLOTS
        length = room if length <= room else -(-length // MORE_TOKENS) * MORE_TOKENS
        for i, layer in enumerate(self.layers):
            grown = layer.new_zeros(rows, length, *layer.shape[2:])
            grown[: self.count, :room] = layer[: self.count]
            self.layers[i] = grown

    def open(self, pieces: Sequence[tuple[int, torch.Tensor]], length: int) -> int:
        """Take the next slot, of `length` tokens or more, filled with keys and values [L, T, 2, K, D]."""
        self.reserve(self.count + 1, length)
        slot = self.count
        self.count += 1
        for at, keys_values in pieces:
            for layer, part in zip(self.layers, keys_values, strict=True):
                layer[slot, at : at + len(part)] = part
        return slot

    def fork(self, slots: Sequence[int], length: int) -> int:
        """Copy the first `length` tokens of each of `slots` into the next slots; the first of them."""
        self.reserve(self.count + len(slots), length)
        first = self.count
        self.count += len(slots)
        source = torch.tensor(slots, device=self.layers[0].device)
        for layer in self.layers:
            layer[first : self.count, :length] = layer[source, :length]
        return first

    def close(self, slot: int, last_length: int) -> int | None:
        """Free a slot; the last one, `last_length` tokens long, moves into it. Returns its old number."""
        self.count -= 1
        last = self.count
        if slot == last:
            if not last:  # nothing is in use: give the memory back
                self.layers = [layer.new_zeros(0, 0, *layer.shape[2:]) for layer in self.layers]
            return None
        for layer in self.layers:
            layer[slot, :last_length] = layer[last, :last_length]
        return last

    def read(self, slot: int, start: int, stop: int) -> torch.Tensor:
        """A slot's keys and values of tokens start … stop - 1, as a copy [L, T, 2, K, D]."""
        return torch.stack([layer[slot, start:stop] for layer in self.layers])
