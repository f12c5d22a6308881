"""Plain values survive the way there and back; comparing knows what JSON cannot say."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sandbox import comparing
from engine.sandbox.inside import values

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
keys = st.integers() | st.text() | st.tuples(st.integers(), st.text())
plain = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner)
        | st.sets(keys)
        | st.frozensets(st.integers())
        | st.complex_numbers(allow_nan=False).map(lambda value: value)
    ),
    max_leaves=12,
)


def there_and_back(value: Any) -> Any:
    return values.unpack(json.loads(values.write(values.pack(value))))


@given(plain)
def test_a_plain_value_comes_back_the_same(value: Any) -> None:
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)
    assert values.is_plain(values.pack(value))


def test_odd_values_come_back_too() -> None:
    for value in (
        10**5000,
        -(10**3000),
        float("inf"),
        float("-inf"),
        range(1, 10, 3),
        bytearray(b"x"),
        "\ud800😀",
    ):
        assert there_and_back(value) == value
    assert str(there_and_back(float("nan"))) == "nan"
    assert list(there_and_back(iter([1, 2]))) == [1, 2]
    assert list(there_and_back(map(str, [1, 2]))) == ["1", "2"]


def test_subclasses_become_what_they_extend() -> None:
    class Text(str):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = str.__hash__

    back = there_and_back([Text("a")])
    assert type(back[0]) is str
    assert back != ["b"]


def test_what_is_no_data_is_equal_to_nothing() -> None:
    for value in (object(), len, Fraction(1, 2), ValueError, {"a": [object()]}):
        assert not values.is_plain(values.pack(value))
    back = there_and_back(object())
    assert back != 1
    assert not comparing.are_equal(1, back)
    with pytest.raises(AttributeError, match="only plain values"):
        _ = back.items


@pytest.mark.parametrize(
    "packed",
    [
        {"set": [[]]},
        {"int": "zz"},
        {"no": 1},
        {"a": 1, "b": 2},
        {},
        {"dict": [1]},
        {"bytes": "q"},
        {"range": ["a"]},
    ],
)
def test_nonsense_is_refused(packed: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        values.unpack(packed)


@pytest.mark.parametrize(
    ("expected", "got", "is_equal"),
    [
        (3, 3, True),
        (3, 3.0, True),
        (0.3, 0.1 + 0.2, True),
        (1, True, False),
        (True, True, True),
        (True, 1, False),
        (None, None, True),
        (0, None, False),
        ([1, 2], (1, 2), True),
        ([1, [2]], [1, (2,)], True),
        ([1, 2], [1, 2, 3], False),
        ([2, 1], {1, 2}, True),
        ([1, 1], {1}, False),
        ([0, 1, 2], range(3), True),
        ({"1": 2}, {1: 2}, True),
        ({"1": 2}, {1: 2, "1": 2}, False),
        ({"a": [1]}, {"a": (1,)}, True),
        ("a", "a", True),
        ("1", 1, False),
        ([1], "1", False),
        (1e400, float("inf"), True),
        (float("nan"), float("nan"), True),
        (10**400, 1.0, False),
        (10**400, 10**400, True),
    ],
)
def test_equal_to_what_a_test_expects(expected: Any, got: Any, is_equal: bool) -> None:
    assert comparing.are_equal(expected, got) is is_equal


def test_equal_texts() -> None:
    assert comparing.are_equal_texts("1  2\n3\n", " 1 2 \n3\n\n")
    assert not comparing.are_equal_texts("1 2\n3", "1 2 3")
