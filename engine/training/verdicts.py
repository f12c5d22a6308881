"""A solution as a process reward reads it: the exact verdict after every step and after the answer."""

from __future__ import annotations

from engine.training.examples import Example, Segment
from engine.training.sampling import Sample
from engine.training.tokenizer import ASSISTANT, END, THINK, THINK_END, USER


def as_example(sample: Sample) -> Example:
    """The conversation with a verdict after every step, and after the answer where there is one."""
    example = [Segment(f"{USER}{sample.problem}{END}{ASSISTANT}{THINK}\n")]
    for step, is_hopeful in zip(sample.steps, sample.hopes, strict=True):
        example.append(Segment(f"{step}\n", verdict=int(is_hopeful)))
    if sample.answer is not None:
        example.append(Segment(f"{THINK_END} {sample.answer}{END}", verdict=int(sample.is_right)))
    return example
