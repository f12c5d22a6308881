"""The price book: by device, changed by what a person types, kept as plain values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadInput
from engine.price_book import DEFAULT, DEVICES, MOST_USD, UNITS, from_json


def test_a_typed_price_changes_that_price_and_no_other() -> None:
    book = DEFAULT.with_price("cuda", "usd_per_device_hour", " $3.60 ").with_price(
        "cpu", "usd_per_token", "4"
    )

    assert book.for_device("cuda:1").usd(10, 5, 5) == pytest.approx(0.01)
    assert book.for_device("cpu").usd_per_token == pytest.approx(4e-6)  # typed for a million
    assert book.for_device("cpu").usd_per_device_hour == DEFAULT.for_device("cpu").usd_per_device_hour
    assert book.for_device("mps") == DEFAULT.for_device("mps")
    assert book.for_device("a new kind") == book.for_device("cpu")


@pytest.mark.parametrize(
    "typed", ["", "  ", "cheap", "-1", "nan", "inf", "1e99", "0x10", "1/2", "€5", "9" * 500, "1 2"]
)
def test_what_is_no_price_is_one_sentence(typed: str) -> None:
    with pytest.raises(BadInput) as caught:
        DEFAULT.with_price("cpu", "usd_per_device_hour", typed)
    assert str(caught.value).startswith("The price for an hour of the device must be")
    assert str(caught.value).endswith(".") and len(str(caught.value)) < 160


@pytest.mark.parametrize(("device", "name"), [("toaster", "usd_per_token"), ("cpu", "usd_per_smile")])
def test_an_unknown_price_is_refused(device: str, name: str) -> None:
    with pytest.raises(BadInput, match="no price"):
        DEFAULT.with_price(device, name, "1")


@given(st.sampled_from(list(DEVICES)), st.sampled_from(list(UNITS)), st.floats(0, MOST_USD))
def test_what_is_kept_comes_back(device: str, name: str, usd: float) -> None:
    book = DEFAULT.with_price(device, name, repr(usd))
    assert from_json(book.as_json()) == book
    assert getattr(book.for_device(device), name) == pytest.approx(usd / UNITS[name][1])


@pytest.mark.parametrize(
    "kept",
    [None, [], "x", {"cpu": 3}, {"cpu": {"usd_per_token": -1, "x": 2}}, {"cpu": {"usd_per_token": math.nan}}],
)
def test_what_cannot_be_read_has_its_default(kept: object) -> None:
    assert from_json(kept) == DEFAULT
