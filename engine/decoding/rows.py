"""The rows that decode, and the slot each one has: rows of alike size together, so that none wastes room.

Knows slots and trunks. Does not know models, attention or the tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from engine.decoding.slots import Slots
from engine.decoding.trunks import Trunk

SIZES = (256, 1024, 4096, 16384, 65536, 1 << 20)  # classes: tokens that a slot may grow to

Piece = tuple[int, torch.Tensor]  # place of the first token, keys and values [L, T, 2, K, D]


@dataclass(eq=False, slots=True)
class Row:
    """A decoding path. `tokens` of it have been read; the next one is fed by `decode`."""

    run_id: str
    tokens: int
    opened: int  # tokens the tree already held when the row was opened
    trunk: Trunk | None = None
    size: int = 0  # its class
    slot: int = 0
    ids: list[int] = field(default_factory=list)  # the plain path's own
    cache: Any = None  # the plain path's own

    @property
    def own(self) -> int:
        """Tokens in its slot: all that are not in its trunk."""
        return self.tokens - (self.trunk.tokens if self.trunk else 0)


class Places:
    """Which slot of which class each row has. `shape` is (layers, key-value heads, head dimension)."""

    def __init__(self, shape: tuple[int, int, int], dtype: torch.dtype, device: torch.device):
        self._shape, self._dtype, self._device = shape, dtype, device
        self._slots: dict[int, Slots] = {}
        self._rows: dict[int, list[Row]] = {}  # by class, in the order of their slots

    @property
    def bytes(self) -> int:
        return sum(slots.bytes for slots in self._slots.values())

    def classes(self) -> list[tuple[Slots, list[Row]]]:
        """The slots of each class that has rows, with the rows in the order of their slots."""
        return [(self._slots[size], rows) for size, rows in self._rows.items() if rows]

    def put(self, row: Row, pieces: Sequence[Piece]) -> None:
        """Give a row a slot, filled with the keys and values of its own tokens."""
        row.size = next(size for size in SIZES if size > row.own)
        if row.size not in self._slots:
            self._slots[row.size] = Slots(*self._shape, self._dtype, self._device)
            self._rows[row.size] = []
        row.slot = self._slots[row.size].open(pieces, row.own + 1)
        self._rows[row.size].append(row)

    def twin(self, row: Row, count: int) -> list[Row]:
        """`count` more rows with the same path."""
        first = self._slots[row.size].fork([row.slot] * count, row.own)
        twins = [
            Row(row.run_id, row.tokens, row.opened, row.trunk, row.size, first + i) for i in range(count)
        ]
        self._rows[row.size] += twins
        if row.trunk:
            row.trunk.users += count
        return twins

    def take(self, row: Row, start: int = 0) -> torch.Tensor:
        """What lies in the row's slot from token `start` of it on, as a copy [L, T, 2, K, D]."""
        return self._slots[row.size].read(row.slot, start, row.own)

    def clear(self, row: Row) -> None:
        """Take the row's slot away; the last row of its class moves into it."""
        rows = self._rows[row.size]
        last = rows[-1]
        self._slots[row.size].close(row.slot, last.own)
        rows.pop()
        if last is not row:
            last.slot = row.slot
            rows[row.slot] = last

    def move_outgrown(self) -> None:
        """Rows that fill their class go to the next one."""
        for row in [row for _, rows in self.classes() for row in rows if row.own >= row.size]:
            held = self.take(row)
            self.clear(row)
            self.put(row, [(0, held)])
