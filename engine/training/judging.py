"""What a process reward says of the policy's own new solutions, and how good that is.

Of held-out problems it says how good the reward is; of others it serves to calibrate it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from engine.lab.calibration import area_under_curve
from engine.lab.problems import draw
from engine.training.batches import IGNORED, rows_of
from engine.training.evaluate import complete
from engine.training.sampling import labelled
from engine.training.verdicts import as_example

CELLS = {"arithmetic": (3, 6), "story": (3, 5), "countdown": (3, 4, 5), "programs": (1, 2, 3)}


@dataclass(frozen=True, slots=True)
class Judged:
    """Steps of one family: the estimated probability that a right answer can follow, and whether it can."""

    task: str
    estimates: np.ndarray  # (steps,) in [0, 1]
    truths: np.ndarray  # (steps,) 0 or 1

    @property
    def accuracy(self) -> float:
        """Share on the right side of one half."""
        return float(np.mean((self.estimates > 0.5) == (self.truths == 1)))

    @property
    def area(self) -> float:
        """Area under the ROC curve; nan when only one kind of step was seen."""
        return area_under_curve(self.estimates.tolist(), self.truths.tolist())


@torch.inference_mode()
def judge(
    reward: PreTrainedModel,
    policy: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    problems: int = 60,
    *,
    held_out: bool = True,
) -> list[Judged]:
    """Score four solutions at temperature 1 to each of `problems` problems a cell."""
    torch.manual_seed(17)
    judged = []
    for name, levels in CELLS.items():
        examples = []
        for level in levels:
            asked = draw(name, level, problems, seed=1, held_out=held_out)
            replies = complete(policy, tokenizer, asked, samples=4, temperature=1.0)
            for problem, texts in zip(asked, replies, strict=True):
                examples += [as_example(labelled(problem, said)) for said in texts]
        estimates, truths = [], []
        for example in examples:
            ids, labels = rows_of(tokenizer, example)
            logits = reward(input_ids=torch.tensor([ids])).logits[0]  # (T, 2)
            at = torch.tensor(labels) != IGNORED
            estimates.append(torch.softmax(logits[at].float(), -1)[:, 1])
            truths.append(torch.tensor(labels)[at])
        judged.append(Judged(name, torch.cat(estimates).numpy(), torch.cat(truths).numpy()))
    return judged


def all_of(families: Sequence[Judged]) -> tuple[list[float], list[bool]]:
    """The estimates and truths of all families together."""
    return (
        np.concatenate([family.estimates for family in families]).tolist(),
        np.concatenate([family.truths for family in families]).astype(bool).tolist(),
    )
