"""A counter-based random stream: the number drawn depends on (run seed, node, position) and nothing else.

Knows integer hashing. Does not know what the numbers are for. Nothing is consumed from a generator, so a
branch draws the same numbers alone, in any batch, in any order, and on any device.
"""

from __future__ import annotations

import torch

_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed 64-bit integer
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB
UNIFORM_BITS = 24  # exactly representable in float32, so that every device gives the same number


def uniform(seeds: torch.Tensor, nodes: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Numbers in [0, 1), one for each triple of int64 [R]; float32 [R].

    Three rounds of SplitMix64's finaliser. Source: Steele, Lea & Flood 2014 (doi 10.1145/2660193.2660195).
    """
    state = _mix(seeds + _GOLDEN)
    state = _mix(state ^ (nodes * _GOLDEN))
    state = _mix(state ^ (positions * _MIX_1 + _GOLDEN))
    return _shifted(state, 64 - UNIFORM_BITS).to(torch.float32) * 2.0**-UNIFORM_BITS


def _mix(x: torch.Tensor) -> torch.Tensor:
    # int64 products wrap around in PyTorch, as the hash wants.
    x = (x ^ _shifted(x, 30)) * _MIX_1
    x = (x ^ _shifted(x, 27)) * _MIX_2
    return x ^ _shifted(x, 31)


def _shifted(x: torch.Tensor, bits: int) -> torch.Tensor:
    """Logical shift right: not every device has unsigned integers, so the sign's copies are masked off."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)
