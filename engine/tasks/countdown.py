"""Countdown: `Use 3 5 7 9 to make 24.` One operation a line, with what is left: `9 - 7 = 2 (left: 2 3 5)`.

Rules: three to six numbers from 1 to 25, a target from 1 to 100, every number used exactly once, `+ - *`
and exact `/`, no negative value on the way. Difficulty counts numbers. The answer is the expression that
the steps compose, so the checker is a real verifier and right answers differ in form.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import lru_cache

from engine.errors import OutsideFamily
from engine.tasks import numbers
from engine.tasks.countdown_solver import FEW, Numbers, moves, reaches, values
from engine.tasks.numbers import Expression, Operation
from engine.tasks.problem import Problem, Slip, Solution, split_turn
from engine.tasks.split import is_game_of_24, is_test

name = "countdown"
title = "Countdown"
unit = "numbers"
difficulties = range(3, 7)
example = "Use 4 5 6 10 to make 24."

LARGEST_NUMBER = 25
LARGEST_TARGET = 100
_ASKED = re.compile(r"^(?:use|make|with|using)\b.*\d", re.IGNORECASE)
_CANONICAL = re.compile(
    r"^use ([\d,\s]+(?:and\s+\d+\s+)?)to (?:make|get|reach) (\d+)\s*[.?!]*$", re.IGNORECASE
)
_REVERSED = re.compile(
    r"^(?:make|get|reach) (\d+) (?:from|with|using|out of) ([\d,\s]+(?:and\s+\d+)?)\s*[.?!]*$", re.IGNORECASE
)
_STEP = re.compile(r"^(\d+) ([-+*/]) (\d+) = (\d+) \(left: (\d+(?: \d+)*)\)$")


def parse(text: str) -> Problem | None:
    text = numbers.tidy(text)
    if forward := _CANONICAL.match(text):
        listed, target = forward.group(1), int(forward.group(2))
    elif backward := _REVERSED.match(text):
        listed, target = backward.group(2), int(backward.group(1))
    elif _ASKED.match(text):
        raise OutsideFamily(f"Say which numbers to use and what to make, like “{example}”.")
    else:
        return None
    given = [int(n) for n in re.findall(r"\d+", listed)]
    if len(given) not in difficulties:
        raise OutsideFamily(f"Countdown takes 3 to {difficulties[-1]} numbers, not {len(given)}.")
    if any(not 1 <= n <= LARGEST_NUMBER for n in given):
        raise OutsideFamily(f"Countdown's numbers go from 1 to {LARGEST_NUMBER}.")
    if not 1 <= target <= LARGEST_TARGET:
        raise OutsideFamily(f"Countdown's target goes from 1 to {LARGEST_TARGET}, not {target}.")
    if not reaches(tuple(sorted(given)), target):
        raise OutsideFamily(
            f"There is no way to make {target} from {' '.join(map(str, given))}; change a number."
        )
    return _problem(given, target)


def _problem(given: list[int], target: int) -> Problem:
    listed = " ".join(map(str, sorted(given)))
    return Problem(f"Use {listed} to make {target}.", name, None, len(given))


@lru_cache(maxsize=65536)
def read(text: str) -> tuple[Numbers, int]:
    """The sorted numbers and the target of a canonical problem text."""
    *given, target = (int(n) for n in re.findall(r"\d+", text))
    return tuple(sorted(given)), target


def generate(difficulty: int, rng: random.Random, held_out: bool | None = None) -> Problem:
    while True:
        problem, _ = construct(difficulty, rng)
        if held_out is None or held_out == is_held_out(problem):
            return problem


def construct(difficulty: int, rng: random.Random) -> tuple[Problem, Solution]:
    """A fresh problem together with the random steps that made it: a solution without any search."""
    while True:
        given = _fresh_numbers(difficulty, rng)
        left: Numbers = tuple(sorted(given))
        steps: list[str] = []
        while len(left) != 1:
            a, operator, b, value, left = rng.choice(list(moves(left)))
            steps.append(write_step(a, operator, b, value, left))
        (target,) = left
        if 1 <= target <= LARGEST_TARGET:
            return _problem(given, target), Solution(tuple(steps), str(target))


def construct_evenly(difficulty: int, rng: random.Random) -> tuple[Problem, Solution]:
    """The same, but no target is likelier for the many ways that lead to it: harder on the mean.

    Of at most FEW numbers every target that they can make is as likely; more make nearly every one anyway.
    """
    if difficulty > FEW:
        return construct(difficulty, rng)
    while True:
        given = tuple(sorted(_fresh_numbers(difficulty, rng)))
        targets = [value for value in sorted(values(given)) if 1 <= value <= LARGEST_TARGET]
        if targets:
            problem = _problem(list(given), rng.choice(targets))
            solution = solve(problem, rng)
            assert solution is not None
            return problem, solution


def _fresh_numbers(count: int, rng: random.Random) -> list[int]:
    return [rng.randint(1, LARGEST_NUMBER if rng.random() < 0.4 else 13) for _ in range(count)]


def wander(problem: Problem, rng: random.Random) -> Solution:
    """Legal steps with no aim, from the problem's numbers to a single one."""
    left, _ = read(problem.text)
    steps: list[str] = []
    while len(left) != 1:
        a, operator, b, value, left = rng.choice(list(moves(left)))
        steps.append(write_step(a, operator, b, value, left))
    return Solution(tuple(steps), str(*left))


def write_step(a: int, operator: str, b: int, value: int, left: Sequence[int]) -> str:
    """A step as solutions write it; `left` is sorted."""
    return f"{a} {operator} {b} = {value} (left: {' '.join(map(str, left))})"


def is_held_out(problem: Problem) -> bool:
    given, target = read(problem.text)
    return is_game_of_24(given, target) or is_test(f"{name}:{given}:{target}")


def solve(problem: Problem, rng: random.Random, slip: Slip | None = None) -> Solution | None:
    left, target = read(problem.text)
    steps: list[str] = []
    while len(left) != 1:
        good = [move for move in moves(left) if reaches(move[-1], target)]
        if not good and not steps:
            return None
        # No step is good only after a slip: the solution goes on as well as it can.
        a, operator, b, value, after = rng.choice(good or list(moves(left)))
        claimed = value if slip is None else max(0, slip(len(steps), value))
        if claimed != value:
            rest = list(after)
            rest.remove(value)
            after = tuple(sorted((*rest, claimed)))
        left = after
        steps.append(write_step(a, operator, b, claimed, left))
    return Solution(tuple(steps), str(*left))


def extract(problem: Problem, turn_text: str) -> str | None:
    steps, answer = split_turn(turn_text)
    if answer is None:
        return None
    stated = numbers.read(answer.split("=")[0].rstrip(". ")) if answer else None
    if isinstance(stated, Operation):
        return numbers.write(stated)
    composed = compose(problem, steps)
    if composed is not None:
        return numbers.write(composed)
    return answer or None


def compose(problem: Problem, steps: list[str]) -> Expression | None:
    """The one expression that the steps build from the problem's numbers, or None if they build none."""
    given, _ = read(problem.text)
    parts: list[tuple[int, Expression]] = [(n, n) for n in given]
    for step in steps:
        found = _STEP.match(step)
        if not found:
            return None
        taken: list[Expression] = []
        for value in (int(found[1]), int(found[3])):
            index = next((i for i, part in enumerate(parts) if part[0] == value), None)
            if index is None:
                return None
            taken.append(parts.pop(index)[1])
        parts.append((int(found[4]), Operation(taken[0], found[2], taken[1])))
    return parts[0][1] if len(parts) == 1 else None


def is_correct(problem: Problem, answer: str) -> bool:
    return fault(problem, answer) is None


def fault(problem: Problem, answer: str) -> str | None:
    given, target = read(problem.text)
    expression = numbers.read(answer)
    if expression is None:
        return "It does not give one expression of the numbers."
    if tuple(sorted(numbers.leaves(expression))) != given:
        return f"It does not use each of {' '.join(map(str, given))} exactly once."
    for operation in numbers.operations(expression):
        value = numbers.evaluate(operation)
        if value is None or value < 0 or value.denominator != 1:
            return f"{numbers.write(operation)} is not a whole number from 0 up."
    value = numbers.evaluate(expression)
    return None if value == target else f"{answer} is {value}, not {target}."


def check_steps(problem: Problem, steps: list[str]) -> list[str | None]:
    left, target = read(problem.text)
    verdicts: list[str | None] = []
    for step in steps:
        verdict, left = _check(step, left)
        if verdict is None and len(left) == 1 and left[0] != target:
            verdict = f"It ends at {left[0]}, not {target}."
        verdicts.append(verdict)
    return verdicts


def _check(step: str, left: Numbers) -> tuple[str | None, Numbers]:
    """What is wrong with one step, if anything, and what it claims is left."""
    found = _STEP.match(step)
    if not found:
        return "It is not a step like 9 - 7 = 2 (left: 2 3 5).", left
    a, operator, b, value = int(found[1]), found[2], int(found[3]), int(found[4])
    claimed = tuple(sorted(int(n) for n in found[5].split()))
    rest = list(left)
    for n in (a, b):
        if n not in rest:
            return f"There is no {n} left to use.", claimed
        rest.remove(n)
    right = numbers.apply(a, operator, b)
    if right is None or right < 0:
        return f"{a} {operator} {b} is not a whole number from 0 up.", claimed
    if right != value:
        return f"{a} {operator} {b} = {right}, not {value}.", claimed
    after = tuple(sorted((*rest, value)))
    if claimed != after:
        return f"What is left is {' '.join(map(str, after))}.", claimed
    return None, claimed


def can_succeed(problem: Problem, steps: list[str]) -> list[bool]:
    left, target = read(problem.text)
    hopes: list[bool] = []
    is_sound = True
    for step in steps:
        verdict, left = _check(step, left)
        is_sound = is_sound and verdict is None
        hopes.append(is_sound and reaches(left, target))
    return hopes
