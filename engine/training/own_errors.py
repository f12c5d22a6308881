"""Stage two's attempts: the model's own solutions in place of made errors, to learn to mend its own.

Knows samples with exact verdicts. Does not know how they were drawn.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from engine.tasks import FAMILIES, Problem, Solution
from engine.training.examples import FAMILY_WEIGHTS, Example, Tried, example, made_attempt
from engine.training.sampling import Sample

OWN_SHARE = 0.7  # of the attempts; the others are made, so that rare errors stay known


class OwnAttempts:
    """Draws attempts from a policy's samples; made ones where it has none that are right, or none wrong."""

    def __init__(self, samples: Sequence[Sample]):
        # By whether they are right, and by family: the families come as often as elsewhere.
        self._pools: dict[bool, dict[str, list[Sample]]] = {True: {}, False: {}}
        for sample in samples:
            if sample.answer is not None and sample.steps:
                self._pools[sample.is_right].setdefault(sample.task, []).append(sample)

    def __call__(self, rng: random.Random, right_share: float) -> Tried:
        pool = self._pools[rng.random() < right_share]
        families = [name for name in FAMILY_WEIGHTS if name in pool]
        weights = [FAMILY_WEIGHTS[name] for name in families]
        while families and rng.random() < OWN_SHARE:
            sample = rng.choice(pool[rng.choices(families, weights)[0]])
            task, problem = FAMILIES[sample.task], Problem(sample.problem, sample.task)
            solution = task.solve(problem, rng)
            if solution is not None:
                return Tried(task, problem, solution, Solution(tuple(sample.steps), sample.answer or ""))
        return made_attempt(rng, right_share)


class StageTwo:
    """The formats of stage one, with the model's own attempts."""

    def __init__(self, samples: Sequence[Sample]):
        self._attempts = OwnAttempts(samples)

    def __call__(self, rng: random.Random) -> Example:
        return example(rng, self._attempts)
