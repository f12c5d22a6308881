"""Thompson sampling: what a branch may be worth, drawn from what its rewards leave open.

Knows two conjugate posteriors over the mean reward of a branch. Does not know trees. Rewards are in [0, 1].
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

PRIORS: tuple[str, ...] = ("normal", "beta")

# arXiv 2503.04412, appendix A: weak priors, the normal one low, so that a good branch stands out soon.
MEAN, KAPPA, NU, TAU_SQUARED = 0.0, 1.0, 1.0, 0.1
ALPHA, BETA = 0.5, 0.5  # Jeffreys'


@dataclass(frozen=True, slots=True)
class NormalPosterior:
    """Normal rewards of unknown mean and variance: a normal-inverse-χ² distribution.

    Source: Murphy 2023, "Probabilistic Machine Learning: Advanced Topics", section 3.4.3.3.
    """

    mean: float
    kappa: float
    nu: float
    tau_squared: float

    def draw(self, rng: random.Random) -> float:
        """A mean reward: first a variance, ν τ² / χ²(ν), then a mean of variance σ² / κ."""
        chi_squared = rng.gammavariate(self.nu / 2, 2.0)
        variance = self.nu * self.tau_squared / max(chi_squared, 1e-300)
        return rng.gauss(self.mean, math.sqrt(variance / self.kappa))


@dataclass(frozen=True, slots=True)
class BetaPosterior:
    """Rewards as shares of a success: a beta distribution."""

    alpha: float
    beta: float

    def draw(self, rng: random.Random) -> float:
        """A mean reward."""
        return rng.betavariate(self.alpha, self.beta)


def posterior(prior: str, rewards: Sequence[float]) -> NormalPosterior | BetaPosterior:
    """What the rewards seen so far say about a branch; the prior itself where there are none."""
    n, total = len(rewards), math.fsum(rewards)
    if prior == "beta":
        return BetaPosterior(ALPHA + total, BETA + n - total)
    average = total / n if n else 0.0
    spread = math.fsum((reward - average) ** 2 for reward in rewards)
    kappa, nu = KAPPA + n, NU + n
    shift = n * KAPPA * (average - MEAN) ** 2 / kappa
    return NormalPosterior(
        mean=(KAPPA * MEAN + total) / kappa,
        kappa=kappa,
        nu=nu,
        tau_squared=(NU * TAU_SQUARED + spread + shift) / nu,
    )
