"""The lines that list programs are made of, and which programs of them fit given examples.

Knows the grammar of a line, what it does to a list, and how to search all short programs. Nothing here is
ever executed as code: a line is recognised and its meaning applied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

Values = tuple[int, ...]
States = tuple[Values, ...]  # the lists of all examples, side by side
Operation = tuple[str, int]  # the line's pattern with K for its number, and the number (0 where it has none)

_MEANINGS: dict[str, Callable[[Values, int], Values]] = {
    "xs = sorted(xs)": lambda xs, k: tuple(sorted(xs)),
    "xs = sorted(xs, reverse=True)": lambda xs, k: tuple(sorted(xs, reverse=True)),
    "xs = xs[::-1]": lambda xs, k: xs[::-1],
    "xs = xs[1:]": lambda xs, k: xs[1:],
    "xs = xs[:-1]": lambda xs, k: xs[:-1],
    "xs = xs[:K]": lambda xs, k: xs[:k],
    "xs = [x + K for x in xs]": lambda xs, k: tuple([x + k for x in xs]),
    "xs = [x - K for x in xs]": lambda xs, k: tuple([x - k for x in xs]),
    "xs = [x * K for x in xs]": lambda xs, k: tuple([x * k for x in xs]),
    "xs = [x for x in xs if x % 2 == 0]": lambda xs, k: tuple([x for x in xs if x % 2 == 0]),
    "xs = [x for x in xs if x % 2 == 1]": lambda xs, k: tuple([x for x in xs if x % 2 == 1]),
    "xs = [x for x in xs if x > K]": lambda xs, k: tuple([x for x in xs if x > k]),
    "xs = [x for x in xs if x < K]": lambda xs, k: tuple([x for x in xs if x < k]),
}
_NUMBERS = {  # the numbers a line is written with; others are understood too
    "xs = xs[:K]": range(2, 5),
    "xs = [x + K for x in xs]": range(1, 10),
    "xs = [x - K for x in xs]": range(1, 10),
    "xs = [x * K for x in xs]": range(2, 6),
    "xs = [x for x in xs if x > K]": range(2, 16),
    "xs = [x for x in xs if x < K]": range(4, 18),
}
OPERATIONS: tuple[Operation, ...] = tuple(
    (pattern, number) for pattern in _MEANINGS for number in _NUMBERS.get(pattern, range(1))
)
_PLACES = {operation: place for place, operation in enumerate(OPERATIONS)}
PATTERNS = tuple(_MEANINGS)
_READERS = [(re.compile(re.escape(pattern).replace("K", r"(\d{1,3})")), pattern) for pattern in _MEANINGS]
MOST_FITS = 64  # programs of equal length that `fitting` gives at most


def without_comment(line: str) -> str:
    return line.partition("#")[0].strip()


def read(line: str) -> Operation | None:
    """The operation a line writes, None outside the grammar. White space and a comment do not matter."""
    line = re.sub(r"\s+", " ", without_comment(line))
    for reader, pattern in _READERS:
        if found := reader.fullmatch(line):
            return pattern, int(found[1]) if found.groups() else 0
    return None


def write(operation: Operation) -> str:
    pattern, number = operation
    return pattern.replace("K", str(number))


def numbers(pattern: str) -> range:
    """The numbers that lines of this pattern are written with."""
    return _NUMBERS.get(pattern, range(1))


def apply(operation: Operation, xs: Values) -> Values:
    pattern, number = operation
    return _MEANINGS[pattern](xs, number)


def run(program: Sequence[Operation], xs: Values) -> Values:
    for operation in program:
        xs = apply(operation, xs)
    return xs


def _after(states: States, operation: Operation, targets: States) -> States | None:
    """All examples one line on; None where one has become too short: no line makes a list longer."""
    meaning, number = _MEANINGS[operation[0]], operation[1]
    after: list[Values] = []
    for xs, target in zip(states, targets, strict=True):
        xs = meaning(xs, number)
        if len(xs) < len(target):
            return None
        after.append(xs)
    return tuple(after)


def _last_lines(states: States, targets: States) -> list[Operation]:
    """Every single line that turns the states into the targets, in the order of OPERATIONS."""
    pairs = list(zip(states, targets, strict=True))
    changed = next((pair for pair in pairs if pair[0] != pair[1]), None)
    return [
        operation
        for operation in (OPERATIONS if changed is None else _candidates(*changed))
        if all(_MEANINGS[operation[0]](xs, operation[1]) == target for xs, target in pairs)
    ]


def _candidates(xs: Values, target: Values) -> Sequence[Operation]:
    """The few lines that may turn a list into another one, in the order of OPERATIONS; no other line does."""
    if not target:
        return OPERATIONS
    found: list[Operation] = []
    if len(xs) == len(target):
        x, y = next((x, y) for x, y in zip(xs, target, strict=True) if x != y)
        found += [
            (pattern, 0) for pattern in ("xs = sorted(xs)", "xs = sorted(xs, reverse=True)", "xs = xs[::-1]")
        ]
        found += [("xs = [x + K for x in xs]", y - x), ("xs = [x - K for x in xs]", x - y)]
        found += [("xs = [x * K for x in xs]", y // x)] if x else []
    elif len(xs) > len(target):
        ordered, kept = sorted(xs), len(target)
        gone = len(xs) - kept
        found += [("xs = xs[1:]", 0), ("xs = xs[:-1]", 0), ("xs = xs[:K]", kept)]
        found += [(f"xs = [x for x in xs if x % 2 == {rest}]", 0) for rest in (0, 1)]
        found += [("xs = [x for x in xs if x > K]", k) for k in range(ordered[gone - 1], ordered[gone])]
        found += [
            ("xs = [x for x in xs if x < K]", k) for k in range(ordered[kept - 1] + 1, ordered[kept] + 1)
        ]
    return sorted((operation for operation in found if operation in _PLACES), key=_PLACES.__getitem__)


@lru_cache(maxsize=4096)
def fitting(states: States, targets: States, lines: int) -> tuple[tuple[Operation, ...], ...]:
    """The shortest programs of at most `lines` lines that turn each state into its target.

    All of them have the same length and come in the order of OPERATIONS; at most MOST_FITS are given. Of
    programs that pass through the same states only the first is followed. Empty where none fits.
    """
    if states == targets:
        return ((),)
    frontier: dict[States, tuple[Operation, ...]] = {states: ()}
    seen = {states}
    for length in range(1, lines + 1):
        fits = [
            (*program, last) for state, program in frontier.items() for last in _last_lines(state, targets)
        ]
        if fits:
            return tuple(fits[:MOST_FITS])
        if length == lines:
            break
        following: dict[States, tuple[Operation, ...]] = {}
        for state, program in frontier.items():
            for operation in OPERATIONS:
                after = _after(state, operation, targets)
                if after is not None and after not in seen:
                    seen.add(after)
                    following[after] = (*program, operation)
        frontier = following
    return ()
