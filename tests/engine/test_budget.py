"""Budgets refuse what is no limit, with a sentence."""

from __future__ import annotations

import math

import pytest

from engine.budget import Budget
from engine.errors import BadInput


@pytest.mark.parametrize("name", ["max_tokens", "max_seconds", "max_flops", "max_usd"])
@pytest.mark.parametrize("value", [0, -1, -0.5, math.nan, math.inf, 10**400, True, "12"])
def test_what_is_no_limit_is_refused(name: str, value: object) -> None:
    with pytest.raises(BadInput, match="budget"):
        Budget(**{name: value})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("name", "value"), [("max_tokens", 2.5), ("max_tokens", 10**9), ("max_seconds", 1e9)]
)
def test_limits_have_limits(name: str, value: float) -> None:
    with pytest.raises(BadInput):
        Budget(**{name: value})  # pyright: ignore[reportArgumentType]


def test_what_is_left_of_a_token_limit() -> None:
    assert Budget(max_tokens=100).tokens_left(30) == 70
    assert Budget(max_tokens=100).tokens_left(300) == 0
    assert math.isinf(Budget().tokens_left(10**6))
