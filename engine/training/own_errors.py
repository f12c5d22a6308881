"""Stage two's attempts: the model's own solutions in place of made errors, to learn to mend its own.

Knows samples with exact verdicts. Does not know how they were drawn.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from engine.tasks import FAMILIES, Problem, Solution
from engine.training.examples import Example, Tried, example, faulty, made_attempt
from engine.training.sampling import Sample

OWN_SHARE = 0.7  # of the attempts; the others are made, so that rare errors stay known


class OwnAttempts:
    """Draws attempts from a policy's samples; made ones where it has none that are right, or none wrong."""

    def __init__(self, samples: Sequence[Sample]):
        finished = [sample for sample in samples if sample.answer is not None and sample.steps]
        self._right = [sample for sample in finished if sample.is_right]
        self._wrong = [sample for sample in finished if not sample.is_right]
        self._wrong_at: dict[str, list[Solution]] = defaultdict(list)  # by the problem's text
        for sample in self._wrong:
            self._wrong_at[sample.problem].append(_said(sample))

    def __call__(self, rng: random.Random, right_share: float, earlier: int = 0) -> Tried:
        pool = self._right if rng.random() < right_share else self._wrong
        while pool and rng.random() < OWN_SHARE:
            sample = rng.choice(pool)
            task, problem = FAMILIES[sample.task], Problem(sample.problem, sample.task)
            solution = task.solve(problem, rng)
            if solution is not None:
                others = self._wrong_at.get(sample.problem, [])
                # The same one may come again: so does a model's error.
                before = rng.choices(others, k=earlier) if others else []
                return Tried(task, problem, solution, _said(sample), faulty(task, problem, before))
        return made_attempt(rng, right_share, earlier)


def _said(sample: Sample) -> Solution:
    return Solution(tuple(sample.steps), sample.answer or "")


class StageTwo:
    """The formats of stage one, with the model's own attempts."""

    def __init__(self, samples: Sequence[Sample]):
        self._attempts = OwnAttempts(samples)

    def __call__(self, rng: random.Random) -> Example:
        return example(rng, self._attempts)
