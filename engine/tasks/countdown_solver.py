"""Countdown's exact solver: which steps there are, and whether a target can still be reached.

A target is met from both ends: all values that few numbers can make are made once and kept, and for more
numbers each way of parting them asks of the larger part only what would complete a value of the smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import combinations

from engine.tasks import numbers

Numbers = tuple[int, ...]  # always sorted

LARGEST_VALUE = 9999  # on the way and at the end; only a bound for the solver
FEW = 4  # so many numbers make some hundred values at most


def moves(left: Numbers) -> Iterator[tuple[int, str, int, int, Numbers]]:
    """Every different legal step from what is left: (a, operator, b, value, left after); a ≥ b."""
    seen: set[tuple[int, int]] = set()
    for i, b in enumerate(left):
        for j in range(i + 1, len(left)):
            a = left[j]
            if (a, b) in seen:
                continue
            seen.add((a, b))
            rest = left[:i] + left[i + 1 : j] + left[j + 1 :]
            for operator in "+-*/":
                value = numbers.apply(a, operator, b)
                if value is not None and value <= LARGEST_VALUE:
                    yield a, operator, b, value, tuple(sorted((*rest, value)))


@lru_cache(maxsize=1_000_000)
def reaches(left: Numbers, target: int) -> bool:
    """Whether the target can be made from all of `left` (sorted, each from 0)."""
    if len(left) <= FEW:
        return target in values(left)
    if not 0 <= target <= LARGEST_VALUE:
        return False
    for smaller, larger in _partings(left):
        made = values(smaller)
        if target == 0 and 0 in made:  # zero times whatever the rest makes
            return True
        if any(reaches(larger, wanted) for value in made for wanted in _completions(value, target)):
            return True
    return False


@lru_cache(maxsize=20_000)
def values(left: Numbers) -> frozenset[int]:
    """All that can be made from all of `left`."""
    if len(left) == 1:
        return frozenset(left)
    made: set[int] = set()
    for smaller, larger in _partings(left):
        for one in values(smaller):
            for other in values(larger):
                a, b = (one, other) if one >= other else (other, one)
                made.update((a + b, a - b, a * b))
                if b and a % b == 0:
                    made.add(a // b)
    return frozenset(value for value in made if value <= LARGEST_VALUE)


def _partings(left: Numbers) -> set[tuple[Numbers, Numbers]]:
    """Every different way to part the numbers in two, the smaller part first."""
    return {
        (tuple([left[i] for i in smaller]), tuple([left[i] for i in larger]))
        for smaller, larger in _places(len(left))
    }


@cache
def _places(count: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Every way to part so many places in two, the smaller part first; of two halves, the first place's."""
    return [
        (chosen, tuple(i for i in range(count) if i not in chosen))
        for size in range(1, count // 2 + 1)
        for chosen in combinations(range(count), size)
        if 2 * size < count or 0 in chosen
    ]


def _completions(value: int, target: int) -> set[int]:
    """What makes the target from `value` by one legal step; all of it is from 0 and within the bound."""
    wanted = {value + target, value - target, target - value, value * target}
    if value and target % value == 0:
        wanted.add(target // value)
    if target and value % target == 0:
        wanted.add(value // target)
    return {other for other in wanted if 0 <= other <= LARGEST_VALUE and target in _results(value, other)}


def _results(one: int, other: int) -> set[int]:
    a, b = max(one, other), min(one, other)
    quotient = numbers.apply(a, "/", b)
    return {a + b, a - b, a * b} | ({quotient} if quotient is not None else set())
