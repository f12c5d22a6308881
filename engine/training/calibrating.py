"""A reward's probabilities made to mean what they say: its log-odds scaled and shifted, its ranking as it is.

A reward that has seen its examples more than once is too sure of new ones. Two numbers, fitted on solutions
to other problems that may be trained on, go into its head. Source: Platt 1999; Guo et al. 2017, arXiv
1706.04599, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import logit

SUREST = 1e-6  # estimates nearer to 0 or 1 count as this near


def calibrate(reward: Any, estimates: Sequence[float], truths: Sequence[float]) -> tuple[float, float]:
    """Change the two-label head so that these estimates become the likeliest ones for these truths.

    `estimates` in [0, 1], `truths` 0 or 1. Returns the scale and the shift of the log-odds.
    """
    odds = logit(np.clip(np.asarray(estimates, dtype=float), SUREST, 1 - SUREST))
    right = np.asarray(truths, dtype=float)

    def loss(fit: np.ndarray) -> float:
        said = np.exp(fit[0]) * odds + fit[1]  # a scale above 0, so that no ranking is turned around
        return float(np.mean(np.logaddexp(0, said) - right * said))  # cross-entropy

    found = minimize(loss, np.zeros(2), method="BFGS").x
    scale, shift = np.exp(found[0]), found[1]
    with torch.no_grad():
        reward.score.weight *= float(scale)
        reward.score.bias *= float(scale)
        reward.score.bias[1] += float(shift)
    return float(scale), float(shift)
