"""Preallocated keys and values of the rows that are decoding now.

Knows slots 0 … n-1, kept dense so that a step attends over one contiguous slice. Does not know tokens or
models. A row's slot holds its whole path: the path's segments are copied in once when the branch starts (a
copy is not a re-reading). Sharing the trunk between rows instead of copying it is left to the cascade
attention that comes with the flattened runner.

Shapes: L layers, R rows, H key-value heads, T tokens, D head dimension.
"""

from __future__ import annotations

import torch

# Lengths that keys and values are padded to for attention. PyTorch's CPU kernel sums over keys in blocks of
# 512, and the products inside it in blocks whose size depends on the length (from 192 on). Between these
# lengths a row's sum is the same to the bit, so that it does not depend on the longest row beside it.
LENGTHS = (64, 128, 192, 512)


def rounded(length: int) -> int:
    """The least padded length that holds `length` tokens: one of LENGTHS, then multiples of the last."""
    most = LENGTHS[-1]
    return next((some for some in LENGTHS if some >= length), -(-length // most) * most)


class Slots:
    """One tensor [2, L, R, H, T, D] that grows by doubling, and the number of slots in use."""

    def __init__(self, layers: int, heads: int, head_dim: int, dtype: torch.dtype, device: torch.device):
        self.used = 0
        self.tensor = torch.zeros(2, layers, 0, heads, 0, head_dim, dtype=dtype, device=device)

    @property
    def bytes(self) -> int:
        return self.tensor.nbytes

    def open(self, keys_values: torch.Tensor) -> int:
        """Take the next slot and fill it with a path's keys and values [2, L, H, T, D]."""
        length = keys_values.shape[-2]
        self.reserve(self.used + 1, length)
        self.tensor[:, :, self.used, :, :length] = keys_values
        self.used += 1
        return self.used - 1

    def close(self, slot: int, last_length: int) -> int | None:
        """Free a slot; the last one, `last_length` tokens long, moves into it. Returns its old number."""
        last = self.used - 1
        self.used = last
        if slot == last:
            return None
        self.tensor[:, :, slot, :, :last_length] = self.tensor[:, :, last, :, :last_length]
        return last

    def read(self, slot: int, start: int, stop: int) -> torch.Tensor:
        """A slot's keys and values of tokens start … stop - 1, as a view [2, L, H, T, D]."""
        return self.tensor[:, :, slot, :, start:stop]

    def reserve(self, rows: int, length: int) -> None:
        """Make room for `rows` slots of `length` tokens; what is in use keeps its content."""
        two, layers, have_rows, heads, have_length, head_dim = self.tensor.shape
        if rows <= have_rows and length <= have_length:
            return
        new_rows = have_rows if rows <= have_rows else max(rows, 2 * have_rows)
        new_length = have_length if length <= have_length else rounded(length)
        tensor = self.tensor.new_zeros(two, layers, new_rows, heads, new_length, head_dim)
        if self.used:
            tensor[:, :, : self.used, :, :have_length] = self.tensor[:, :, : self.used]
        self.tensor = tensor
