"""How far estimated probabilities are to be trusted: calibration, and ranking.

Knows estimates in [0, 1] and what was true. Does not know scorers or steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """The estimates of one tenth: how many, their mean, and the share of them that was true."""

    count: int
    estimated: float
    true: float


def reliability(estimates: Sequence[float], truths: Sequence[bool]) -> list[Bin]:
    """The filled ones of ten equal bins of the estimates, in order."""
    values, right = np.asarray(estimates, dtype=float), np.asarray(truths, dtype=float)
    places = np.minimum((values * BINS).astype(int), BINS - 1)
    return [
        Bin(int(own.sum()), float(values[own].mean()), float(right[own].mean()))
        for own in (places == b for b in range(BINS))
        if own.any()
    ]


def expected_error(estimates: Sequence[float], truths: Sequence[bool]) -> float:
    """Expected calibration error over ten equal bins, in [0, 1]. Raises ValueError for no estimates.

    Source: Guo et al. 2017 (arXiv 1706.04599, section 2).
    """
    if not len(estimates):
        raise ValueError("no estimates, no calibration")
    total = len(estimates)
    return sum(abs(b.estimated - b.true) * b.count / total for b in reliability(estimates, truths))


def area_under_curve(estimates: Sequence[float], truths: Sequence[bool]) -> float:
    """The chance that a true one is estimated higher than a false one, ties half; nan without both kinds.

    The area under the ROC curve, by ranks.
    """
    right = np.asarray(truths, dtype=bool)
    positive, negative = int(right.sum()), int((~right).sum())
    if not positive or not negative:
        return math.nan
    ranks = rankdata(np.asarray(estimates, dtype=float))[right].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))
