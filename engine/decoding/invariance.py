"""The shapes for which a row's result does not depend on what else is in the batch, found by trying.

Knows this machine's kernels. Does not know models. A library picks its kernel by the shapes it is given, and
two kernels may sum in different orders: then a tree would depend, by the last bits of a logit, on what shares
its steps. Products padded to the shapes found here give each row the same bits alone and in company. Where
nothing smaller holds, the largest is taken. Intel's library also goes by where its operands lie in memory, so
one thread's lanes may differ from another's: its strict mode does not, and must be asked for before its first
product (oneMKL, "Conditional Numerical Reproducibility").
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable

import torch
from torch.nn.functional import linear

from engine.decoding.attention import partial

_KINDS = torch.cpu.get_capabilities()
if _KINDS.get("avx2"):
    os.environ.setdefault("MKL_CBWR", f"{'AVX512' if _KINDS.get('avx512_f') else 'AVX2'},STRICT")

MULTIPLES = (1, 4, 8, 16, 32, 64)
MOST_ROWS = 256  # as many as a step decodes
MOST_WEIGHTS = 1 << 22  # of a larger weight only the first rows are tried
WHOLE_LENGTH = 512  # keys that the CPU's attention kernel sums in one go
LENGTHS = tuple(range(64, WHOLE_LENGTH, 64))


def row_multiple(shapes: Iterable[tuple[int, int]], dtype: torch.dtype) -> int:
    """The least of MULTIPLES that the row count of a product with weights of these shapes (out, in) needs."""
    return max((_row_multiple(out, size, dtype, torch.get_num_threads()) for out, size in shapes), default=1)


@functools.cache
def _row_multiple(out: int, size: int, dtype: torch.dtype, threads: int) -> int:
    weight = _random(max(1, min(out, MOST_WEIGHTS // size)), size, dtype)
    return _least(lambda rows: linear(rows, weight), size, dtype)


@functools.cache
def query_multiple(dim: int, dtype: torch.dtype, threads: int) -> int:
    """The same for queries of head dimension `dim` that attend to a trunk."""
    keys = _random(WHOLE_LENGTH + 100, dim, dtype)[None, None]
    return _least(lambda rows: partial(rows[None, None], keys, keys, None, dim**-0.5)[0][0, 0], dim, dtype)


@functools.cache
def lengths(queries: int, dim: int, dtype: torch.dtype, threads: int) -> tuple[int, ...]:
    """Numbers of keys, masked ones included, that give `queries` queries the same bits."""
    query = _random(queries, dim, dtype)[None, None]
    keys = _random(WHOLE_LENGTH, dim, dtype)[None, None]

    def attended(own: int, length: int) -> torch.Tensor:
        mask = torch.zeros(1, 1, 1, length, dtype=dtype)
        mask[..., own:] = float("-inf")
        out, lse = partial(query, keys[:, :, :length], keys[:, :, :length], mask, dim**-0.5)
        return torch.cat([out.flatten().float(), lse.flatten().float()])

    good: list[int] = []
    for length in LENGTHS:
        owns = (1, 7, length // 2, length - 3, length)
        if all(torch.equal(attended(own, length), attended(own, WHOLE_LENGTH)) for own in owns):
            good.append(length)
    return (*good, WHOLE_LENGTH)


def rounded(length: int, good: tuple[int, ...]) -> int:
    """The least padded length that holds `length` keys: one of `good`, then multiples of the last."""
    most = good[-1]
    return next((some for some in good if some >= length), -(-length // most) * most)


def _random(rows: int, columns: int, dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(rows * 31 + columns)
    return torch.randn(rows, columns, generator=generator).to(dtype)


def _least(product, size: int, dtype: torch.dtype) -> int:
    """The least of MULTIPLES whose row counts give a row the same bits at any place of any of them."""
    rows = _random(MOST_ROWS, size, dtype)

    def holds(multiple: int) -> bool:
        alone = product(rows[:multiple])[0]
        count = multiple
        while count <= MOST_ROWS:
            together = rows[:count].clone()
            places = sorted({0, multiple // 2, count // 2, count - 1})
            together[places] = rows[0]
            if not all(torch.equal(row, alone) for row in product(together)[places]):
                return False
            count += max(multiple, count // 6 // multiple * multiple)
        return True

    with torch.inference_mode():
        return next((multiple for multiple in MULTIPLES if holds(multiple)), MULTIPLES[-1])
