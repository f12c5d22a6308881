"""The unbiased estimate against counting every choice of k samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lab.pass_at_k import coverage, pass_at


@given(st.integers(1, 9), st.data())
def test_it_is_the_share_of_all_choices_that_hold_a_right_one(drawn: int, data: st.DataObject) -> None:
    right, k = data.draw(st.integers(0, drawn)), data.draw(st.integers(0, drawn))
    samples = [True] * right + [False] * (drawn - right)
    choices = list(itertools.combinations(samples, k))
    assert pass_at(k, drawn, right) == pytest.approx(sum(map(any, choices)) / len(choices))


def test_the_paper_s_example_of_a_biased_estimate_is_not_what_we_do() -> None:
    """1 - (1 - c/n)^k would say 0.75 for 1 right of 2 at k = 2; both samples together surely hold it."""
    assert pass_at(2, 2, 1) == 1.0


@pytest.mark.parametrize(("k", "drawn", "right"), [(5, 4, 1), (1, 4, 5), (-1, 4, 1)])
def test_more_than_was_drawn_is_refused(k: int, drawn: int, right: int) -> None:
    with pytest.raises(ValueError, match="cannot be told"):
        pass_at(k, drawn, right)


def test_coverage_is_by_problem_and_k() -> None:
    found = coverage([(4, 0), (4, 1), (4, 4)], [1, 2, 4])
    assert np.allclose(found, [[0, 0, 0], [0.25, 0.5, 1], [1, 1, 1]])
