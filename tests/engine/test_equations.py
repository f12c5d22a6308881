"""Slips in stated equations are found; what is no equation of plain numbers is passed over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import equations


def faults(text: str) -> list[str]:
    return [one.fault for one in equations.stated(text) if not one.holds]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("So 17 + 5 = 23 coins.", "17 + 5 = 22, not 23."),
        ("We get (17 + 5) * 3 = 68.", "(17 + 5) * 3 = 66, not 68."),
        ("$1,200 - $300 = $800", "1,200 - 300 = 900, not 800."),
        ("6 × 7 = 43, and 8 ÷ 2 = 4", "6 * 7 = 43 holds not"),
        ("\\(3 \\times 4 = 13\\)", "3 * 4 = 12, not 13."),
        ("(which is 3 + 4 = 8)", "3 + 4 = 7, not 8."),
        ("10 / 4 = 2", "10 / 4 = 2.5, not 2."),
        ("2 + 2 = 4\n3 + 3 = 7", "3 + 3 = 6, not 7."),
    ],
)
def test_a_slip_is_named_with_the_right_value(text: str, fault: str) -> None:
    if fault.endswith("holds not"):
        assert len(faults(text)) == 1
    else:
        assert faults(text) == [fault]


@pytest.mark.parametrize(
    "text",
    [
        "17 + 5 = 22 coins, 10 / 3 = 3.33 each, 2 / 3 = 0.667",
        "x + 2 + 3 = 10",  # of an unknown
        "x = 3 + 4 = 7",
        "2^3 + 1 = 9",
        "f(2) + 3 = 11",
        "10% of 50 + 5 = 10",
        "13 / 5 = 2 remainder 3",
        "7 / 2 = 3 1/2",
        "5 + 5 = 10%",
        "1 + 1 = 2.5.1",
        "4 / 0 = 4",
        "3 + 4 = 7 + 1 = 8",  # a chain of equalities is not read
        "page 3 - 4, see 5 = five",
        "sqrt 16 + 1 = 5",
        "1" * 5000 + " + 1 = 2",
    ],
)
def test_no_fault_is_found_where_there_is_none_or_none_can_be_read(text: str) -> None:
    assert faults(text) == []


@given(st.integers(0, 999), st.sampled_from("+-*"), st.integers(0, 999), st.integers(-5, 5))
def test_it_agrees_with_python(a: int, operator: str, b: int, off: int) -> None:
    right = {"+": a + b, "-": a - b, "*": a * b}[operator]
    assert bool(faults(f"Then {a} {operator} {b} = {right + off}.")) == (off != 0)
