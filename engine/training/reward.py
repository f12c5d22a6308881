"""How the bundled process reward is made: the policy's own samples, labelled exactly, and made ones.

The reward is the policy's backbone with a two-label head, read at the last token of every step and of the
final answer. A step's label is whether a right answer can still follow (for countdown by the exact solver).
Source of the idea: Let's Verify Step by Step, arXiv 2305.20050; labels need no people here because every
family has an exact step checker.
"""

from __future__ import annotations

import json
import logging
import random
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, LlamaForTokenClassification, PreTrainedTokenizerFast

from engine.errors import BadInput
from engine.tasks import FAMILIES, Problem, countdown
from engine.tasks.problem import split_turn
from engine.training.batches import IGNORED, Batch, Batches, learned, loader
from engine.training.card import write_reward_card
from engine.training.evaluate import complete
from engine.training.examples import Example, flawed, fresh
from engine.training.export import export_reward
from engine.training.judging import calibration_error, judge
from engine.training.loop import Schedule, train
from engine.training.verdicts import labelled

log = logging.getLogger(__name__)

POLICY = "ponder-3m"
TOKENS = 12_000_000
STEP_TOKENS = 8192
SAMPLES = 60_000  # the policy's own solutions
SAMPLED_SHARE = 0.6  # of the examples; the others are made


def made(rng: random.Random) -> Example:
    """A solution with or without a made error; for countdown mostly a walk of legal but aimless steps."""
    task, problem, solution = fresh(rng)
    if task.name == "countdown" and rng.random() < 0.6:
        solution = countdown.wander(problem, rng)
    elif rng.random() < 0.6:
        solution = flawed(task, problem, solution, rng)
    return labelled(task, problem, list(solution.steps), solution.answer)


def mixed(samples: list[dict[str, str]], rng: random.Random) -> Example:
    """One example: the policy's own, or a made one."""
    if rng.random() >= SAMPLED_SHARE:
        return made(rng)
    sample = rng.choice(samples)
    task = FAMILIES[sample["task"]]
    steps, answer = split_turn(sample["said"])
    return labelled(task, Problem(sample["problem"], sample["task"]), steps, answer)


def sample_policy(policy: Path, file: Path, count: int, seed: int = 5) -> list[dict[str, str]]:
    """The policy's own solutions to problems that may be trained on, at temperature 1; kept in `file`."""
    have = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    model = LlamaForCausalLM.from_pretrained(policy, dtype=torch.float32)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(policy)
    torch.manual_seed(seed + len(have))
    rng = random.Random(f"{seed}:{len(have)}")
    with file.open("a") as out:
        while len(have) < count:
            # one family at a time keeps the lengths alike, which is what batched generation pays for
            name = rng.choices(("arithmetic", "story", "countdown"), (25, 25, 50))[0]
            problems = [fresh(rng, name)[1] for _ in range(96)]
            longest = {"arithmetic": 110, "story": 220, "countdown": 110}[name]
            replies = complete(model, tokenizer, problems, samples=4, temperature=1.0, max_new_tokens=longest)
            for problem, texts in zip(problems, replies, strict=True):
                for said in set(texts):
                    have.append({"task": name, "problem": problem.text, "said": said})
                    out.write(json.dumps(have[-1]) + "\n")
            out.flush()
            log.info("%d of %d samples", len(have), count)
    return have


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
    file = folder / "samples.jsonl"
    if not is_resumed:
        file.unlink(missing_ok=True)
    samples = sample_policy(policy, file, SAMPLES)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(policy)
    torch.manual_seed(0)
    model = LlamaForTokenClassification.from_pretrained(policy, num_labels=2, dtype=torch.float32)
    model.config.problem_type = None
    model = train(
        model,
        lambda pool: loader(Batches(tokenizer, partial(mixed, samples), STEP_TOKENS, 11, pool)),
        verdict_loss,
        Schedule(tokens or TOKENS, matrix_rate=0.01, other_rate=1.5e-3, decay_share=0.7),
        folder,
        is_resumed=is_resumed,
        minutes=minutes,
    )
    model.set_attn_implementation("sdpa")
    author = LlamaForCausalLM.from_pretrained(policy, dtype=torch.float32)
    families = judge(model.eval(), author, tokenizer)
    error = calibration_error(
        np.concatenate([f.estimates for f in families]), np.concatenate([f.truths for f in families])
    )
    exported = export_reward(name, model, tokenizer, folder, models / name)
    rows = [(f.task, len(f.truths), f.accuracy, f.area) for f in families]
    write_reward_card(name, model, exported, rows, error)
    return exported
