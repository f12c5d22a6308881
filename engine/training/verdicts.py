"""A solution as a process reward reads it: the exact verdict after every step and after the answer."""

from __future__ import annotations

from engine.tasks import Problem, Task
from engine.training.examples import Example, Segment
from engine.training.tokenizer import ASSISTANT, END, THINK, THINK_END, USER


def labelled(task: Task, problem: Problem, steps: list[str], answer: str | None) -> Example:
    """The conversation with a verdict after every step, and after the answer where there is one."""
    example = [Segment(f"{USER}{problem.text}{END}{ASSISTANT}{THINK}\n")]
    for step, is_hopeful in zip(steps, task.can_succeed(problem, steps), strict=True):
        example.append(Segment(f"{step}\n", verdict=int(is_hopeful)))
    if answer is not None:
        said = "".join(f"{step}\n" for step in steps) + f"{THINK_END} {answer}"
        final = task.extract(problem, said)
        is_right = final is not None and task.is_correct(problem, final)
        example.append(Segment(f"{THINK_END} {answer}{END}", verdict=int(is_right)))
    return example
