"""The fit against laws that are known, and where no law can be told."""

from __future__ import annotations

import numpy as np
import pytest

from engine.lab.pass_at_k import coverage
from engine.lab.power_law import fit, fit_interval

KS = [1, 2, 4, 8, 16, 32, 64]


def test_a_law_is_found_again() -> None:
    found = fit(KS, [float(np.exp(-1.7 * k**-0.45)) for k in KS])
    assert (found.scale, found.exponent) == (pytest.approx(1.7), pytest.approx(-0.45))
    assert found.r_squared == pytest.approx(1.0)
    assert found.coverage(10) == pytest.approx(np.exp(-1.7 * 10**-0.45))


def test_what_is_no_law_fits_badly() -> None:
    stairs = [0.2, 0.2, 0.2, 0.2, 0.9, 0.9, 0.9]
    assert fit(KS, stairs).r_squared < 0.9


def test_all_and_nothing_are_left_out() -> None:
    found = fit([1, 2, 4, 8, 16], [0.0, 0.3, 0.5, 0.7, 1.0])
    assert found.points == 3
    with pytest.raises(ValueError, match="three k"):
        fit([1, 2, 4], [0.2, 0.5, 1.0])


def test_the_interval_holds_the_fit_of_the_mean() -> None:
    """Problems whose chances are Beta-distributed cover by a power law (arXiv 2407.21787 saw it measured)."""
    rng = np.random.default_rng(3)
    right = rng.binomial(64, rng.beta(0.4, 1.2, size=200))
    found = fit_interval(KS, coverage([(64, int(c)) for c in right], KS))
    assert 0.95 < found.low <= found.value <= found.high <= 1
    assert found == fit_interval(KS, coverage([(64, int(c)) for c in right], KS))
