"""A solution as a process reward reads it: whether a right answer can still follow, by exact checkers.

A reward is asked at the end of a step. It learns at every token whose verdict is known: of a sum, for
example, the first wrong digit is where the solution dies, and that is seen best right there.
"""

from __future__ import annotations

import re

from engine.tasks import FAMILIES, Problem, countdown, numbers
from engine.training.examples import Example, Segment
from engine.training.sampling import Sample
from engine.training.tokenizer import ASSISTANT, END, THINK, THINK_END, USER

_SUM = re.compile(r"(?P<a>\d+) (?P<operator>[-+*/]) (?P<b>\d+) = (?P<value>\d+)")
_LEFT = re.compile(r" \(left: ([\d ]+)\)$")
_FACT = re.compile(r"^(?P<who>\S+) has [^=]*$")


def as_example(sample: Sample) -> Example:
    """The conversation with a verdict after every step, and after the answer where there is one."""
    example = [_asked(sample)]
    for step, is_hopeful in zip(sample.steps, sample.hopes, strict=True):
        example.append(Segment(f"{step}\n", verdict=int(is_hopeful)))
    return example + _answered(sample)


def at_every_token(sample: Sample) -> Example:
    """The same with a verdict at each character from which on it is known, besides."""
    problem = Problem(sample.problem, sample.task)
    example = [_asked(sample)]
    is_alive = True
    for i, (step, is_hopeful) in enumerate(zip(sample.steps, sample.hopes, strict=True)):
        verdicts: list[int | None] = [None] * len(step)
        if is_hopeful:
            verdicts = [1] * len(step)
        elif is_alive:
            verdicts = _dying(problem, sample.steps[:i], step)
        example.append(Segment(f"{step}\n", verdict=int(is_hopeful), by_character=tuple(verdicts)))
        is_alive = is_hopeful
    return example + _answered(sample)


def _asked(sample: Sample) -> Segment:
    return Segment(f"{USER}{sample.problem}{END}{ASSISTANT}{THINK}\n")


def _answered(sample: Sample) -> Example:
    if sample.answer is None:
        return []
    return [Segment(f"{THINK_END} {sample.answer}{END}", verdict=int(sample.is_right))]


def _dying(problem: Problem, before: list[str], step: str) -> list[int | None]:
    """The verdict at each character of the first step after which no right answer can follow."""
    verdicts: list[int | None] = [None] * len(step)
    if (fact := _FACT.match(step)) and problem.task == "story":
        due = next((f"{s}." for s in problem.text.split(". ") if s.startswith(f"{fact['who']} has")), None)
        if due is not None:
            same = _common(step, due)
            verdicts[:] = [1] * same + [0] * (len(step) - same)
            return verdicts
    if problem.task == "programs" and "#" in step:
        decided = step.index("#")  # the line is said; its lists follow from it
        verdicts[decided:] = [0] * (len(step) - decided)
        return verdicts
    if not (done := _SUM.search(step)):
        return verdicts
    decided = done.start("value")
    due = _worked_out(problem, before, step, done)
    verdicts = [None] * (decided - 1) + [0] * (len(step) - decided + 1)
    if due is not None and FAMILIES[problem.task or ""].can_succeed(problem, [*before, due])[-1]:
        same = _common(step, due)
        verdicts[decided - 1 : same] = [1] * (same - decided + 1)
    return verdicts


def _worked_out(problem: Problem, before: list[str], step: str, done: re.Match[str]) -> str | None:
    """The step with the right result of its operation; None where that has none."""
    a, b = int(done["a"]), int(done["b"])
    right = numbers.apply(a, done["operator"], b)
    if right is None or right < 0:
        return None
    if problem.task == "countdown":
        stood = _LEFT.search(before[-1]) if before else None
        left = [int(n) for n in stood[1].split()] if stood else list(countdown.read(problem.text)[0])
        for n in (a, b):
            if n not in left:
                return None
            left.remove(n)
        return countdown.write_step(a, done["operator"], b, right, sorted([*left, right]))
    return f"{step[: done.start('value')]}{right}{step[done.end() :]}"


def _common(a: str, b: str) -> int:
    """How many characters they share from the start."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
