"""Programs: three lists before and after, and the program that turns each into the other.

    Find the program.
    [3, 1, 2] -> [1, 2, 3]
    [5, 4, 9, 1] -> [1, 4, 5, 9]
    [8, 2, 7] -> [2, 7, 8]

A step is one Python line, with the lists as it leaves them in a comment if one likes, for example
`xs = sorted(xs)  # [1, 2, 3] [1, 4, 5, 9] [2, 7, 8]`. Difficulty counts the lines of the shortest program
that fits. Hidden tests decide: further lists, on which all the shortest programs that fit agree, so the three
examples alone say what is right. Nothing is executed: `engine.tasks.list_lines` knows what a line means.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from engine import syntax
from engine.errors import BadInput, OutsideFamily
from engine.tasks import list_lines
from engine.tasks.list_lines import OPERATIONS, Operation, States, Values
from engine.tasks.problem import Problem, Slip, Solution, Tests, split_turn
from engine.tasks.split import is_test

name = "programs"
title = "Program"
unit = "lines"
difficulties = range(1, 5)
example = "Find the program.\n[3, 1, 2] -> [1, 2, 3]\n[5, 4, 9, 1] -> [1, 4, 5, 9]\n[8, 2, 7] -> [2, 7, 8]"

EXAMPLES = 3
HIDDEN = 8  # tests beside the examples
LARGEST = 999
LONGEST = 8  # numbers in a list
MEANT_SHARE = 0.4  # of the lines that are only to be carried out
DONE = "xs"  # what is answered after the lines
_ASKED = re.compile(r"^find the (?:list )?program\b\s*[.:]?\s*", re.IGNORECASE)
_ARROW = re.compile(r"\s*(?:->|→|=>)\s*")


@dataclass(frozen=True, slots=True)
class Puzzle:
    """A problem as read: the lists before and after, all shortest programs that fit, and the hidden tests."""

    before: States
    after: States
    programs: tuple[tuple[Operation, ...], ...]
    hidden: tuple[tuple[Values, Values], ...]

    @property
    def lines(self) -> int:
        return len(self.programs[0])


def parse(text: str) -> Problem | None:
    asked = _ASKED.match(text.strip())
    if not asked:
        return None
    pairs = [_ARROW.split(line.strip()) for line in text.strip()[asked.end() :].splitlines() if line.strip()]
    if len(pairs) != EXAMPLES or any(len(pair) != 2 for pair in pairs):
        raise OutsideFamily(
            f"Give {EXAMPLES} examples, one a line, like “[3, 1, 2] -> [1, 2, 3]”, after “Find the program.”"
        )
    canonical = _text([_list(before) for before, _ in pairs], [_list(after) for _, after in pairs])
    return Problem(canonical, name, None, read(canonical).lines)


def _list(text: str) -> Values:
    try:
        values = syntax.literal(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        values = None
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise OutsideFamily(f"“{text[:60]}” is not a list of whole numbers like [3, 1, 2].")
    if len(values) > LONGEST or any(abs(value) > LARGEST for value in values):
        raise OutsideFamily(f"A list may have {LONGEST} numbers from -{LARGEST} to {LARGEST} at most.")
    return tuple(values)


def _text(before: Sequence[Values], after: Sequence[Values]) -> str:
    lines = [f"{list(xs)} -> {list(ys)}" for xs, ys in zip(before, after, strict=True)]
    return "\n".join(["Find the program.", *lines])


@lru_cache(maxsize=16384)
def read(text: str) -> Puzzle:
    """The puzzle of a canonical problem text. Raises OutsideFamily where no one program is meant."""
    pairs = [_ARROW.split(line) for line in text.splitlines()[1:]]
    before = tuple(_list(left) for left, _ in pairs)
    after = tuple(_list(right) for _, right in pairs)
    if before == after:
        raise OutsideFamily("The lists are already what they should become; change an example.")
    programs = list_lines.fitting(before, after, difficulties[-1])
    if not programs:
        raise OutsideFamily(
            f"No program of at most {difficulties[-1]} lines that the bundled models know fits these lists."
        )
    hidden = _hidden_tests(text, programs)
    if len(hidden) < HIDDEN:
        raise OutsideFamily("Too many different programs fit these examples; give longer, more varied lists.")
    return Puzzle(before, after, programs, hidden)


def _hidden_tests(text: str, programs: Sequence[tuple[Operation, ...]]) -> tuple[tuple[Values, Values], ...]:
    """Further lists on which all the programs agree; the same ones for the same text."""
    rng = random.Random(f"hidden:{text}")
    tests: list[tuple[Values, Values]] = []
    for _ in range(20 * HIDDEN):
        xs = _fresh_list(rng)
        outputs = {list_lines.run(program, xs) for program in programs}
        if len(outputs) == 1:
            tests.append((xs, outputs.pop()))
            if len(tests) == HIDDEN:
                break
    return tuple(tests)


def _fresh_list(rng: random.Random) -> Values:
    return tuple(rng.randint(0, 20) for _ in range(rng.randint(4, 6)))


def generate(difficulty: int, rng: random.Random, held_out: bool | None = None) -> Problem:
    while True:
        program = [_fresh_line(rng) for _ in range(difficulty)]
        before = tuple(_fresh_list(rng) for _ in range(EXAMPLES))
        after = tuple(list_lines.run(program, xs) for xs in before)
        if not all(after) or any(abs(value) > LARGEST for xs in after for value in xs):
            continue
        problem = Problem(_text(before, after), name, None, difficulty)
        if held_out is not None and held_out != is_held_out(problem):
            continue  # before the search, which takes long
        programs = list_lines.fitting(before, after, difficulties[-1])
        # Where very many programs fit, the examples do not say which is meant.
        if len(programs[0]) != difficulty or len(programs) == list_lines.MOST_FITS:
            continue
        if len(_hidden_tests(problem.text, programs)) == HIDDEN:
            return problem


def _fresh_line(rng: random.Random) -> Operation:
    pattern = rng.choice(list_lines.PATTERNS)
    return pattern, rng.choice(list_lines.numbers(pattern))


def is_held_out(problem: Problem) -> bool:
    return is_test(f"{name}:{problem.text}")


def solve(problem: Problem, rng: random.Random, slip: Slip | None = None) -> Solution | None:
    """The first of the shortest programs. A slip, of a line's place in OPERATIONS, claims another line."""
    puzzle = read(problem.text)
    program: list[Operation] = list(puzzle.programs[0])
    if slip is not None:
        for i in range(len(program)):
            place = OPERATIONS.index(program[i])
            claimed = OPERATIONS[slip(i, place) % len(OPERATIONS)]
            if claimed == program[i]:
                continue
            program[i] = claimed
            states = _run(program[: i + 1], puzzle.before)
            rest = list_lines.fitting(states, puzzle.after, puzzle.lines - i - 1)
            program[i + 1 :] = rest[0] if rest else program[i + 1 :]
    return Solution(_with_lists(program, puzzle.before), DONE)


def carried_out(problem: Problem, solution: Solution, rng: random.Random) -> tuple[str, ...]:
    """One to three lines that may lead anywhere, some of them the solution's, with the lists they leave."""
    before = read(problem.text).before
    meant = [*map(list_lines.read, solution.steps), None, None]
    while True:
        lines = [
            line if line and rng.random() < MEANT_SHARE else _fresh_line(rng)
            for line in meant[: rng.randint(1, 3)]
        ]
        if all(abs(value) <= LARGEST for xs in _run(lines, before) for value in xs):
            return _with_lists(lines, before)


def _with_lists(program: Sequence[Operation], states: States) -> tuple[str, ...]:
    """The program's lines, each with the lists it leaves in a comment."""
    steps: list[str] = []
    for line in program:
        states = _run([line], states)
        steps.append(f"{list_lines.write(line)}  # {_shown(states)}")
    return tuple(steps)


def _shown(states: States) -> str:
    return " ".join(str(list(xs)) for xs in states)


def _run(program: Sequence[Operation], states: States) -> States:
    return tuple(list_lines.run(program, xs) for xs in states)


def extract(problem: Problem, turn_text: str) -> str | None:
    """The program in one line, parted by "; ", without comments; what was said, where that is none."""
    steps, answer = split_turn(turn_text)
    if answer is None:
        return None
    lines = re.split(r"[;\n]\s*", answer) if "=" in answer else steps
    bare = (list_lines.without_comment(line) for line in lines)
    return "; ".join(line for line in bare if line) or answer or None


def _program(answer: str) -> list[Operation] | None:
    lines = [list_lines.read(line) for line in answer.split(";")]
    return None if None in lines else [line for line in lines if line is not None]


def with_tests(problem: Problem, tests: Tests) -> Problem:
    """The problem with hidden tests of one's own: lists before and after. Raises BadInput."""
    try:
        if isinstance(tests, str):
            raise OutsideFamily("Python source decides nothing here.")
        for given, expected in tests:
            _list(repr(given))
            _list(repr(expected))
    except OutsideFamily as error:
        raise BadInput(
            f'"tests" of “{name}” must be pairs of lists like [[3, 1, 2], [1, 2, 3]]: {error}'
        ) from None
    return replace(problem, tests=tests)


def is_correct(problem: Problem, answer: str) -> bool:
    return failure(problem, answer) is None


def failure(problem: Problem, answer: str, *, is_shown_only: bool = False) -> str | None:
    """The first example or hidden test that the program fails, in one sentence; None if it passes all."""
    puzzle, program = read(problem.text), _program(answer)
    hidden = puzzle.hidden if problem.tests is None else [tuple(map(tuple, pair)) for pair in problem.tests]
    if program is None:
        return "It is not a program of lines like xs = sorted(xs)."
    tests = [*zip(puzzle.before, puzzle.after, strict=True), *(() if is_shown_only else hidden)]
    for xs, expected in tests:
        got = list_lines.run(program, xs)
        if got != expected:
            return f"It turns {list(xs)} into {list(got)}, not {list(expected)}."
    return None


def fault(problem: Problem, answer: str) -> str | None:
    return failure(problem, answer, is_shown_only=True)


def check_steps(problem: Problem, steps: list[str]) -> list[str | None]:
    """A line is wrong after which no program as short as the shortest fits, or that says false lists.

    Where the whole program fits, no line is wrong.
    """
    puzzle = read(problem.text)
    lines = [list_lines.read(step) for step in steps]
    known = [line for line in lines if line is not None]
    if len(known) == len(lines) and _run(known, puzzle.before) == puzzle.after:
        return [None] * len(steps)
    verdicts: list[str | None] = []
    states = puzzle.before
    for number, (step, line) in enumerate(zip(steps, lines, strict=True), start=1):
        if line is None:
            verdicts.append("It is not a line like xs = sorted(xs).")
            continue
        before, states = states, _run([line], states)
        said = _said_lists(step, states)
        if not list_lines.fitting(states, puzzle.after, max(0, puzzle.lines - number)):
            verdicts.append(_turned(puzzle.before, states, puzzle.after))
        else:
            verdicts.append(None if said == states else _turned(before, states, said))
    return verdicts


def _said_lists(step: str, states: States) -> States:
    """The lists that a step's comment says it leaves; those that it does leave, where it says none."""
    comment = step.partition("#")[2].strip()
    said = re.findall(r"\[[^\]]*\]", comment)
    if len(said) != len(states) or " ".join(said) != comment:
        return states
    try:
        return tuple(_list(xs) for xs in said)
    except OutsideFamily:
        return states


def _turned(before: States, after: States, expected: States) -> str:
    """What the first example that differs from what is expected has become."""
    xs, got, ys = next(each for each in zip(before, after, expected, strict=True) if each[1] != each[2])
    return f"It turns {list(xs)} into {list(got)}, not {list(ys)}."


def can_succeed(problem: Problem, steps: list[str]) -> list[bool]:
    """Whether the examples can still be fitted, with one line more than the shortest program at most."""
    puzzle = read(problem.text)
    most = min(puzzle.lines + 1, difficulties[-1])
    hopes: list[bool] = []
    states: States | None = puzzle.before
    for number, step in enumerate(steps, start=1):
        line = list_lines.read(step)
        states = None if line is None or states is None else _run([line], states)
        hopes.append(
            states is not None and bool(list_lines.fitting(states, puzzle.after, max(0, most - number)))
        )
    return hopes


def values_after(problem: Problem, steps: Sequence[str]) -> str | None:
    """What the first example has become after these lines; None where a line is not understood."""
    program = [list_lines.read(step) for step in steps]
    if None in program:
        return None
    return str(list(list_lines.run([line for line in program if line], read(problem.text).before[0])))
