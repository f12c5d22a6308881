"""How the bundled process reward is made: the policy's own samples, labelled exactly, and made ones.

The reward is the policy's backbone with a two-label head, read at the last token of every step and of the
final answer. A step's label is whether a right answer can still follow (for countdown by the exact solver).
Source of the idea: Let's Verify Step by Step, arXiv 2305.20050; labels need no people here because every
family has an exact step checker.
"""

from __future__ import annotations

import logging
import random
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, LlamaForTokenClassification, PreTrainedTokenizerFast

from engine.errors import BadInput
from engine.lab.calibration import expected_error
from engine.tasks import countdown
from engine.training.batches import IGNORED, Batch, Batches, learned, loader
from engine.training.card import write_reward_card
from engine.training.examples import Example, flawed, fresh
from engine.training.export import export_reward
from engine.training.judging import judge
from engine.training.loop import Schedule, train
from engine.training.sampling import OWN_SOLUTIONS, Sample, kept, labelled, own_solutions
from engine.training.tokenizer import THINK_END
from engine.training.verdicts import as_example

log = logging.getLogger(__name__)

POLICY = "ponder-3m"
TOKENS = 12_000_000
STEP_TOKENS = 8192
SAMPLES = 70_000  # the policy's own solutions, beside those that its second stage learned from
SAMPLE_WEIGHTS = {"arithmetic": 20, "story": 20, "countdown": 44, "programs": 16}
SAMPLED_SHARE = 0.75  # of the examples; the others are made
MADE_WEIGHTS = {"arithmetic": 25, "story": 25, "countdown": 48, "programs": 2}  # programs are slow to judge


def made(rng: random.Random) -> Example:
    """A solution with or without a made error; for countdown mostly a walk of legal but aimless steps."""
    name = rng.choices(list(MADE_WEIGHTS), list(MADE_WEIGHTS.values()))[0]
    task, problem, solution = fresh(rng, name)
    if task.name == "countdown" and rng.random() < 0.6:
        solution = countdown.wander(problem, rng)
    elif rng.random() < 0.6:
        solution = flawed(task, problem, solution, rng)
    said = "".join(f"{step}\n" for step in solution.steps) + f"{THINK_END} {solution.answer}"
    return as_example(labelled(problem, said))


def mixed(samples: list[Sample], rng: random.Random) -> Example:
    """One example: the policy's own, or a made one."""
    return made(rng) if rng.random() >= SAMPLED_SHARE else as_example(rng.choice(samples))


def verdict_loss(model, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy over the positions that carry a verdict."""
    ids, labels = batch
    states = model.model(input_ids=ids, use_cache=False).last_hidden_state  # (B, T, hidden)
    chosen, verdicts = learned(labels, states)
    return cross_entropy(model.score(chosen).float(), verdicts, ignore_index=IGNORED)


def train_reward(
    name: str, folder: Path, models: Path, *, tokens: int | None, minutes: float | None, is_resumed: bool
) -> Path:
    """Sample the policy, train the reward from its weights, export it to `models/name`."""
    policy = models / POLICY
    if not (policy / "config.json").exists():
        raise BadInput(f"The process reward starts from {POLICY}, which is not there yet: train it first.")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / OWN_SOLUTIONS
    if not is_resumed:
        file.unlink(missing_ok=True)
    samples = kept(folder.parent / POLICY / OWN_SOLUTIONS)
    log.info("%d samples of the policy's second stage are here", len(samples))
    samples += own_solutions(policy, file, SAMPLES, SAMPLE_WEIGHTS, seed=5)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(policy)
    torch.manual_seed(0)
    model = LlamaForTokenClassification.from_pretrained(policy, num_labels=2, dtype=torch.float32)
    model.config.problem_type = None
    model = train(
        model,
        lambda pool: loader(Batches(tokenizer, partial(mixed, samples), STEP_TOKENS, 11, pool)),
        verdict_loss,
        Schedule(tokens or TOKENS, minutes, matrix_rate=0.01, other_rate=1.5e-3, decay_share=0.7),
        folder,
        is_resumed=is_resumed,
    )
    model.set_attn_implementation("sdpa")
    author = LlamaForCausalLM.from_pretrained(policy, dtype=torch.float32)
    families = judge(model.eval(), author, tokenizer)
    error = expected_error(
        np.concatenate([f.estimates for f in families]).tolist(),
        np.concatenate([f.truths for f in families]).tolist(),
    )
    exported = export_reward(name, model, tokenizer, folder, models / name)
    rows = [(f.task, len(f.truths), f.accuracy, f.area) for f in families]
    write_reward_card(name, model, exported, rows, error)
    return exported
