"""What the bundled models are taught: every format of conversation, made fresh from the task families.

An example is a list of text segments, each marked as learned or only read. Held-out problems never appear:
`fresh` draws again until the split allows it. Knows no tokens and no tensors.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from engine.checks import first_wrong_step
from engine.tasks import FAMILIES, Problem, Solution, Task, countdown, programs
from engine.tasks.problem import WAIT
from engine.training.tokenizer import ASSISTANT, END, THINK, THINK_END, USER

FAMILY_WEIGHTS = {"arithmetic": 38, "story": 14, "countdown": 28, "programs": 20}
DIFFICULTY_WEIGHTS = {
    "arithmetic": {1: 4, 2: 7, 3: 10, 4: 10, 5: 10, 6: 10, 7: 5, 8: 5},
    "story": {1: 4, 2: 10, 3: 14, 4: 12, 5: 10, 6: 7, 7: 4, 8: 3},
    "countdown": {3: 20, 4: 50, 5: 22, 6: 8},
    "programs": {1: 30, 2: 50, 3: 19, 4: 1},
}
EVEN_TARGETS_SHARE = 0.5  # of countdown: each target as likely as another, as in the Game of 24
CRITIQUE, REWRITE, SELF_EVALUATION = (
    "Find the first wrong step.",
    "Rewrite the solution.",
    "Is it right so far?",
)
NOTHING_WRONG = "Every step is right."
REWRITTEN = f"{ASSISTANT}{THINK}\n"
CRITICISED = (
    f"{USER}{CRITIQUE}{END}{ASSISTANT}{THINK}{THINK_END} {{finding}}{END}{USER}{REWRITE}{END}{REWRITTEN}"
)
CHECKED = f"{USER}{{finding}} {REWRITE}{END}{REWRITTEN}"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a conversation.

    A policy learns to say it where `is_learned`; a process reward learns `verdict` (1 if a right answer can
    still follow, else 0) at its last token, and at the end of any other token what `by_character` says there.
    """

    text: str
    is_learned: bool = False
    verdict: int | None = None
    by_character: tuple[int | None, ...] = ()


Example = list[Segment]
Source = Callable[[random.Random], Example]


def fresh(rng: random.Random, task_name: str | None = None) -> tuple[Task, Problem, Solution]:
    """A problem that may be trained on, with a right solution."""
    task_name = task_name or rng.choices(list(FAMILY_WEIGHTS), list(FAMILY_WEIGHTS.values()))[0]
    weights = DIFFICULTY_WEIGHTS[task_name]
    task = FAMILIES[task_name]
    while True:
        difficulty = rng.choices(list(weights), list(weights.values()))[0]
        if task_name == "countdown":
            make = countdown.construct_evenly if rng.random() < EVEN_TARGETS_SHARE else countdown.construct
            problem, solution = make(difficulty, rng)
        else:
            problem = task.generate(difficulty, rng)
            solution = task.solve(problem, rng)
        if solution is not None and not task.is_held_out(problem):
            return task, problem, solution


def flawed(task: Task, problem: Problem, solution: Solution, rng: random.Random) -> Solution:
    """A solution with a made error, or the right one where the error cannot be carried through."""
    wrong_at = rng.randrange(len(solution.steps))
    if task.name == "countdown":
        return _flawed_countdown(solution, wrong_at, rng)
    made = task.solve(problem, rng, lambda i, value: _slip(value, rng) if i == wrong_at else value)
    return made or solution


def _flawed_countdown(solution: Solution, wrong_at: int, rng: random.Random) -> Solution:
    """One claimed value changed where it stands, or the whole solution of another problem's target."""
    steps = list(solution.steps)
    head, _, left = steps[wrong_at].partition(" (left: ")
    operation, _, value = head.partition(" = ")
    numbers = left.rstrip(")").split()
    claimed = str(_slip(int(value), rng))
    numbers[numbers.index(value)] = claimed
    steps[wrong_at] = f"{operation} = {claimed} (left: {' '.join(sorted(numbers, key=int))})"
    return Solution(tuple(steps[: wrong_at + 1]), claimed)


def _slip(value: int, rng: random.Random) -> int:
    """A plausible wrong result: one off, ten off, two digits swapped, or one digit changed."""
    digits = str(value)
    options = [value + 1, max(0, value - 1), value + 10, abs(value - 10)]
    if len(digits) > 1:
        options.append(int(digits[::-1]))
    position = rng.randrange(len(digits))
    options.append(int(digits[:position] + str(rng.randrange(10)) + digits[position + 1 :]))
    wrong = [option for option in options if option != value]
    return rng.choice(wrong)


def _question(problem: Problem) -> str:
    return f"{USER}{problem.text}{END}{ASSISTANT}"


def _thought(solution: Solution) -> str:
    return "".join(f"{step}\n" for step in solution.steps) + f"{THINK_END} {solution.answer}"


def reason(rng: random.Random) -> Example:
    """Think step by step, then answer."""
    _, problem, solution = fresh(rng)
    return reason_about(problem, solution)


def reason_about(problem: Problem, solution: Solution) -> Example:
    """Think about one problem step by step, then answer."""
    return [Segment(f"{_question(problem)}{THINK}\n"), Segment(_thought(solution) + END, True)]


def direct(rng: random.Random) -> Example:
    """Answer at once."""
    task, problem, solution = fresh(rng)
    answer = task.extract(problem, _thought(solution)) or solution.answer
    return [Segment(f"{_question(problem)}{THINK}{THINK_END}"), Segment(f" {answer}{END}", True)]


def carry_out(rng: random.Random) -> Example:
    """Say the lists that given lines leave, mostly not the wanted ones, which stand in the question.

    A model that only reads right programs learns to write the wanted lists after whatever line it wrote.
    """
    _, problem, solution = fresh(rng, programs.name)
    example = [Segment(f"{_question(problem)}{THINK}\n")]
    for step in programs.carried_out(problem, solution, rng):
        line, mark, lists = step.partition("#")
        example += [Segment(f"{line}{mark}"), Segment(f"{lists}\n", True)]
    return example


def found(task: Task, problem: Problem, attempt: Solution) -> str:
    """What a critic should say of an attempt: its first wrong step, else what is wrong with its answer."""
    said = _thought(attempt)
    if wrong := first_wrong_step(problem, said):
        return wrong
    answer = task.extract(problem, said)
    return "It gives no answer." if answer is None else task.fault(problem, answer) or NOTHING_WRONG


@dataclass(frozen=True, slots=True)
class Tried:
    """A problem, a right solution, and an attempt at it, right or wrong."""

    task: Task
    problem: Problem
    solution: Solution
    attempt: Solution

    @property
    def critique(self) -> str:
        return found(self.task, self.problem, self.attempt)


Attempts = Callable[[random.Random, float], Tried]
"""(rng, share of right attempts) -> an attempt: with made errors here, the model's own in stage two."""


def made_attempt(rng: random.Random, right_share: float) -> Tried:
    """An attempt with a made error, or none."""
    task, problem, solution = fresh(rng)
    is_right = rng.random() < right_share
    return Tried(task, problem, solution, solution if is_right else flawed(task, problem, solution, rng))


def _attempted(tried: Tried) -> str:
    """The conversation up to the attempt's end."""
    return f"{_question(tried.problem)}{THINK}\n{_thought(tried.attempt)}{END}"


def _mended(tried: Tried, wording: str) -> Example:
    """The attempt is sent back with what was found, in the words of `wording`; then a right solution."""
    asked = f"{_attempted(tried)}{wording.format(finding=tried.critique)}"
    return [Segment(asked), Segment(_thought(tried.solution) + END, True)]


def wait(rng: random.Random, attempts: Attempts) -> Example:
    """After "Wait", go through it again: what was right as it was, what was wrong anew."""
    tried = attempts(rng, 0.3)
    said = "".join(f"{step}\n" for step in tried.attempt.steps)
    return [
        Segment(f"{_question(tried.problem)}{THINK}\n{said}{WAIT}\n"),
        Segment(_thought(tried.solution) + END, True),
    ]


def critique(rng: random.Random, attempts: Attempts) -> Example:
    """Name the first wrong step and why, or find nothing."""
    tried = attempts(rng, 0.4)
    return [
        Segment(f"{_attempted(tried)}{USER}{CRITIQUE}{END}{ASSISTANT}{THINK}{THINK_END}"),
        Segment(f" {tried.critique}{END}", True),
    ]


def rewrite(rng: random.Random, attempts: Attempts) -> Example:
    """After a criticism, solve it again without the error."""
    return _mended(attempts(rng, 0.1), CRITICISED)


def repair(rng: random.Random, attempts: Attempts) -> Example:
    """After a checker's message, solve it again without the error."""
    tried = attempts(rng, 0.0)
    while tried.critique == NOTHING_WRONG:
        tried = attempts(rng, 0.0)
    return _mended(tried, CHECKED)


def self_evaluation(rng: random.Random, attempts: Attempts) -> Example:
    """Say whether what stands so far, whole or part, can still be right."""
    tried = attempts(rng, 0.5)
    steps = list(tried.attempt.steps)
    said = _thought(tried.attempt)
    if rng.random() < 0.5 and steps:
        steps = steps[: rng.randint(1, len(steps))]
        said = "".join(f"{step}\n" for step in steps)
    is_right = all(verdict is None for verdict in tried.task.check_steps(tried.problem, steps))
    asked = f"{_question(tried.problem)}{THINK}\n{said}{END}{USER}{SELF_EVALUATION}{END}"
    return [
        Segment(f"{asked}{ASSISTANT}{THINK}{THINK_END}"),
        Segment(f" {'yes' if is_right else 'no'}{END}", True),
    ]


FIRST_TURNS: dict[Callable[[random.Random], Example], int] = {reason: 60, direct: 8, carry_out: 12}
SECOND_TURNS: dict[Callable[[random.Random, Attempts], Example], int] = {
    wait: 5,
    critique: 8,
    rewrite: 5,
    repair: 16,
    self_evaluation: 5,
}


def example(rng: random.Random, attempts: Attempts = made_attempt) -> Example:
    """One example of a random format, by the weights above."""
    first, second = sum(FIRST_TURNS.values()), sum(SECOND_TURNS.values())
    if rng.random() * (first + second) < first:
        return rng.choices(list(FIRST_TURNS), list(FIRST_TURNS.values()))[0](rng)
    return rng.choices(list(SECOND_TURNS), list(SECOND_TURNS.values()))[0](rng, attempts)
