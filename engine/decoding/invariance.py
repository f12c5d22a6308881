"""How many rows a matrix product must have for each row's result not to depend on what else is in it.

Knows weights' shapes and this machine's kernels, by trying them. Does not know models. A library picks its
kernel by the number of rows, and two kernels may sum in different orders: then a tree would depend on what
shares the batch. Products whose row count is a multiple of the number found here give each row the same bits
alone, in company and at any place.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.nn.functional import linear

MULTIPLES = (1, 4, 8, 16, 32, 64)
MOST_ROWS = 256  # as many as a step decodes
MOST_WEIGHTS = 1 << 24  # of a larger weight only the first columns are tried


def row_multiple(shapes: Iterable[tuple[int, int]], dtype: torch.dtype) -> int:
    """The least of MULTIPLES that holds for weights of all these shapes (out, in) on the CPU.

    The last one where none does: trees may then differ in company, by the last bits of a logit.
    """
    weights = [_random(min(out, MOST_WEIGHTS // size), size, dtype) for out, size in sorted(set(shapes))]
    for multiple in MULTIPLES[:-1]:
        if all(_is_invariant(weight, multiple) for weight in weights):
            return multiple
    return MULTIPLES[-1]


def _random(rows: int, columns: int, dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(rows * 31 + columns)
    return torch.randn(rows, columns, generator=generator).to(dtype)


@torch.inference_mode()
def _is_invariant(weight: torch.Tensor, multiple: int) -> bool:
    rows = _random(MOST_ROWS, weight.shape[1], weight.dtype)
    alone = linear(rows[:multiple], weight)[0]
    count = multiple
    while count <= MOST_ROWS:
        together = rows[:count].clone()
        places = sorted({0, multiple // 2, count // 2, count - 1})
        together[places] = rows[0]
        if not all(torch.equal(row, alone) for row in linear(together, weight)[places]):
            return False
        count += max(multiple, count // 8 // multiple * multiple)
    return True
