"""Arithmetic: `Compute ((17 + 5) * 3) - 8.` One operation a line, innermost first.

Rules: `+ - *` and exact `/`, whole numbers, every value on the way from 0 to 999. Difficulty counts
operations.
"""

from __future__ import annotations

import random
import re

from engine.errors import OutsideFamily
from engine.tasks import numbers
from engine.tasks.numbers import Expression, Operation
from engine.tasks.problem import Problem, Slip, Solution, lasting, split_turn
from engine.tasks.split import is_test

name = "arithmetic"
title = "Arithmetic"
unit = "operations"
difficulties = range(1, 9)
example = "Compute ((17 + 5) * 3) - 8."

LARGEST = 999
_ASKED = re.compile(
    r"^(?:compute|calculate|evaluate|work out|what is)\b\s*:?\s*(.+?)\s*[.?=]*$", re.IGNORECASE
)
_BARE = re.compile(r"^[\d\s()+*/-]+[.?=]*$")
_STEP = re.compile(r"^(\d+) ([-+*/]) (\d+) = (\d+)$")


def parse(text: str) -> Problem | None:
    text = numbers.tidy(text)
    asked = _ASKED.match(text)
    body = asked.group(1) if asked else text.rstrip(".?= ") if _BARE.match(text) else None
    if body is None or not re.search(r"\d", body) or re.search(r"[A-Za-z]", body):
        return None
    expression = numbers.read(body)
    if expression is None or isinstance(expression, int):
        raise OutsideFamily(
            f"“{body[:80]}” is not an expression of whole numbers with + - * / and parentheses; "
            f"write it like “{example}”."
        )
    count = sum(1 for _ in numbers.operations(expression))
    if count not in difficulties:
        raise OutsideFamily(
            f"The expression has {count} operations; the bundled models know 1 to {difficulties[-1]}."
        )
    for operation in numbers.operations(expression):
        value = numbers.evaluate(operation)
        if value is None or value.denominator != 1 or not 0 <= value <= LARGEST:
            shown = "not a number" if value is None else str(value)
            raise OutsideFamily(
                f"{numbers.write(operation)} is {shown}, but the bundled models know whole numbers "
                f"from 0 to {LARGEST} only, at every step."
            )
    if any(not 0 <= leaf <= LARGEST for leaf in numbers.leaves(expression)):
        raise OutsideFamily(f"The bundled models know whole numbers from 0 to {LARGEST} only.")
    return Problem(f"Compute {_keep_parentheses(body)}.", name, str(numbers.evaluate(expression)), count)


def _keep_parentheses(body: str) -> str:
    """The expression as typed, with the spaces the models know: round operators, none inside parentheses."""
    spaced = re.sub(r"\s*([-+*/])\s*", r" \1 ", re.sub(r"\s+", " ", body))
    return re.sub(r"\s*\)", ")", re.sub(r"\(\s*", "(", spaced)).strip()


def generate(difficulty: int, rng: random.Random, held_out: bool | None = None) -> Problem:
    while True:
        expression, value = _build(difficulty, rng)
        problem = Problem(f"Compute {_write(expression, rng)}.", name, str(value), difficulty)
        if held_out is None or held_out == is_held_out(problem):
            return problem


def _build(count: int, rng: random.Random) -> tuple[Expression, int]:
    """A random expression with `count` operations that keeps the rules, and its value."""
    if count == 0:
        leaf = rng.randint(1, 30 if rng.random() < 0.7 else 99)
        return leaf, leaf
    left_count = rng.choice((0, count - 1)) if rng.random() < 0.5 else rng.randrange(count)
    (left, a), (right, b) = _build(left_count, rng), _build(count - 1 - left_count, rng)
    options = [op for op in "+-*" if 0 <= (numbers.apply(a, op, b) or 0) <= LARGEST]
    if b > 1 and a % b == 0 and a >= b:
        options += ["/", "/", "/"]
    if not options:  # both large: only the difference the other way round stays in range
        left, a, right, b = right, b, left, a
        options = ["-"]
    operator = rng.choice(options)
    value = numbers.apply(a, operator, b)
    assert value is not None
    return Operation(left, operator, right), value


def _write(expression: Expression, rng: random.Random) -> str:
    """As text: all parentheses, or only the needed ones, about half and half."""

    def full(part: Expression) -> str:
        if isinstance(part, int):
            return str(part)
        return f"({full(part.left)} {part.operator} {full(part.right)})"

    return full(expression)[1:-1] if rng.random() < 0.5 else numbers.write(expression)


def is_held_out(problem: Problem) -> bool:
    return is_test(f"{name}:{numbers.write(_expression(problem))}")


def _expression(problem: Problem) -> Expression:
    expression = numbers.read(problem.text.removeprefix("Compute ").rstrip("."))
    assert expression is not None
    return expression


def solve(problem: Problem, rng: random.Random, slip: Slip | None = None) -> Solution | None:
    steps: list[str] = []

    def work(part: Expression) -> int | None:
        if isinstance(part, int):
            return part
        a, b = work(part.left), work(part.right)
        value = None if a is None or b is None else numbers.apply(a, part.operator, b)
        if value is None or not 0 <= value <= LARGEST:
            return None
        if slip is not None:
            value = slip(len(steps), value)
        steps.append(f"{a} {part.operator} {b} = {value}")
        return value

    answer = work(_expression(problem))
    return None if answer is None else Solution(tuple(steps), str(answer))


def extract(problem: Problem, turn_text: str) -> str | None:
    _, answer = split_turn(turn_text)
    found = re.fullmatch(r"\s*(\d+)\s*\.?\s*", answer or "")
    return str(int(found.group(1))) if found else None


def is_correct(problem: Problem, answer: str) -> bool:
    return answer == str(numbers.evaluate(_expression(problem)))


def fault(problem: Problem, answer: str) -> str | None:
    return None if is_correct(problem, answer) else f"{answer} is not what the expression comes to."


def check_steps(problem: Problem, steps: list[str]) -> list[str | None]:
    rest = _expression(problem)
    verdicts: list[str | None] = []
    for step in steps:
        found = _STEP.match(step)
        if not found:
            verdicts.append("It is not one operation, like 17 + 5 = 22.")
            continue
        a, operator, b, claimed = int(found[1]), found[2], int(found[3]), int(found[4])
        rest, is_there = _reduce(rest, Operation(a, operator, b), claimed)
        right = numbers.apply(a, operator, b)
        if not is_there:
            verdicts.append(f"There is no {a} {operator} {b} to compute here.")
        elif right != claimed:
            verdicts.append(
                f"{a} {operator} {b} is not {claimed}."
                if right is None
                else f"{a} {operator} {b} = {right}, not {claimed}."
            )
        else:
            verdicts.append(None)
    return verdicts


def _reduce(rest: Expression, done: Operation, value: int) -> tuple[Expression, bool]:
    """`rest` with the first occurrence of `done` replaced by `value`, and whether there was one."""
    if rest == done:
        return value, True
    if isinstance(rest, int):
        return rest, False
    left, found = _reduce(rest.left, done, value)
    if found:
        return Operation(left, rest.operator, rest.right), True
    right, found = _reduce(rest.right, done, value)
    return Operation(rest.left, rest.operator, right), found


def can_succeed(problem: Problem, steps: list[str]) -> list[bool]:
    return lasting(check_steps(problem, steps))
