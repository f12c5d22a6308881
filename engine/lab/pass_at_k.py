"""Coverage: the chance that k samples hold a right one, estimated without bias from more samples.

Knows counts of samples and of right ones. Does not know runs. Source: Chen et al. 2021 (arXiv 2107.03374,
section 2.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def pass_at(k: int, drawn: int, right: int) -> float:
    """1 - ∏ (1 - k / i), i = drawn - right + 1 … drawn: of k drawn without return at least one is right.

    0 ≤ right ≤ drawn and 0 ≤ k ≤ drawn; raises ValueError otherwise, since more than was drawn is a guess.
    """
    if not 0 <= right <= drawn or not 0 <= k <= drawn:
        raise ValueError(f"pass@{k} cannot be told from {right} right of {drawn} samples")
    if k > drawn - right:
        return 1.0
    return 1.0 - math.prod(1 - k / i for i in range(drawn - right + 1, drawn + 1))


def coverage(trials: Sequence[tuple[int, int]], ks: Sequence[int]) -> NDArray[np.float64]:
    """pass@k by problem and k: (problems, ks) in [0, 1]. A trial is (samples drawn, samples right)."""
    return np.array([[pass_at(k, drawn, right) for k in ks] for drawn, right in trials])
