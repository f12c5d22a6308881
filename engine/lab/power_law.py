"""How coverage grows with samples: a power law of -ln(coverage) in k, and how well it fits.

Knows arrays. Source: Brown et al. 2024, Large Language Monkeys (arXiv 2407.21787, section 2.3), where
ln(coverage) ≈ a k^b; here fitted as a line in logarithms, so that R² is that of the line that is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.lab.statistics import LEVEL, Interval

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """-ln(coverage) ≈ scale · k^exponent, from `points` values of k; `r_squared` in logarithms."""

    scale: float
    exponent: float
    r_squared: float
    points: int

    def coverage(self, k: float) -> float:
        """The coverage that the law expects of k samples, in (0, 1]."""
        return float(np.exp(-self.scale * k**self.exponent))


def fit(ks: Sequence[int], covered: Sequence[float]) -> PowerLaw:
    """The law of these coverages. Where all or nothing is covered there is no logarithm: such k are left out.

    Raises ValueError where fewer than three remain, since a line always fits two.
    """
    x, y = _logarithms(np.asarray(ks, dtype=float), np.asarray(covered, dtype=float))
    if len(x) < 3:
        raise ValueError("a power law needs three k whose coverage is neither 0 nor 1")
    exponent, intercept = np.polyfit(x, y, 1)
    spread = float(((y - y.mean()) ** 2).sum())
    missed = float(((y - intercept - exponent * x) ** 2).sum())
    return PowerLaw(float(np.exp(intercept)), float(exponent), 1 - missed / spread if spread else 1.0, len(x))


def fit_interval(ks: Sequence[int], by_problem: NDArray[np.float64], seed: int = 0) -> Interval:
    """R² of the law of the mean coverage, with its percentile bootstrap interval over the problems.

    `by_problem` is (problems, ks). Raises ValueError where the mean itself cannot be fitted; a resample that
    cannot be is left out.
    """
    value = fit(ks, by_problem.mean(axis=0).tolist()).r_squared
    rng = np.random.default_rng(seed)
    found: list[float] = []
    for _ in range(RESAMPLES):
        drawn = by_problem[rng.integers(0, len(by_problem), len(by_problem))]
        try:
            found.append(fit(ks, drawn.mean(axis=0).tolist()).r_squared)
        except ValueError:
            continue
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if found else (value, value)
    return Interval(value, min(float(low), value), max(float(high), value))


def _logarithms(
    ks: NDArray[np.float64], covered: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ln k and ln(-ln coverage) where the coverage lies between 0 and 1."""
    is_told = (covered > 0) & (covered < 1)
    return np.log(ks[is_told]), np.log(-np.log(covered[is_told]))
