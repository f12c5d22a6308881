"""How the bundled process reward is made: the finished policy, grown, judging its own samples and made ones.

The reward is the policy's backbone with two layers more and a two-label head, read at the last token of every
step and of the final answer. A step's label is whether a right answer can still follow (for countdown by the
exact solver). It learns from every token whose label is known, and goes on learning to say what is right: to
see that a result is wrong it must know the right one. The policy knows already: how likely it finds the least
likely token of a step ranks the steps of sums and stories well. The first new layer reads one place back from
the start, so that it sees what was expected of a token beside the token itself; the second can gather that.
The new layers learn alone first. They write into a state that is some fifty times as large as what they read,
so what they write with learns that much faster: at one rate for all, they stay unheard.
Source of the idea: Let's Verify Step by Step, arXiv 2305.20050; labels need no people here because every
family has an exact step checker.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, LlamaForTokenClassification, PreTrainedTokenizerFast

from engine.errors import BadInput
from engine.lab.calibration import expected_error
from engine.tasks import countdown
from engine.training.batches import IGNORED, Batch, Batches, Step, learned, loader, rows_of
from engine.training.card import tokens_seen, write_reward_card
from engine.training.examples import Example, flawed, fresh
from engine.training.export import export_reward
from engine.training.growth import grow
from engine.training.judging import judge
from engine.training.loop import Schedule, train
from engine.training.position_heads import set_position_heads_at
from engine.training.sampling import OWN_SOLUTIONS, Sample, labelled, own_solutions
from engine.training.tokenizer import THINK_END
from engine.training.verdicts import at_every_token

POLICY = "ponder-3m"
TOKENS = 12_000_000
NEW_LAYERS = 2
ALONE_SHARE = 1 / 12  # of the tokens: the new layers first, on a policy that stays as it is
ALONE = "new-layers"  # in the work folder
WRITING = ("o_proj.weight", "down_proj.weight")
STEP_TOKENS = 8192
SAMPLES = 32_000  # the policy's own solutions
SAMPLE_WEIGHTS = {"arithmetic": 20, "story": 20, "countdown": 44, "programs": 16}
SPOKEN_SHARE = 0.5  # weight of the next-token loss
SAMPLED_SHARE = 0.7  # of the examples; the others are made
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
    return at_every_token(labelled(problem, said))


class Mixed:
    """The policy's own solutions by SAMPLE_WEIGHTS, and made ones."""

    def __init__(self, samples: Sequence[Sample]):
        self._samples = {task: [s for s in samples if s.task == task] for task in SAMPLE_WEIGHTS}

    def __call__(self, rng: random.Random) -> Example:
        task = rng.choices(list(SAMPLE_WEIGHTS), list(SAMPLE_WEIGHTS.values()))[0]
        if rng.random() >= SAMPLED_SHARE or not self._samples[task]:
            return made(rng)
        return at_every_token(rng.choice(self._samples[task]))


def verdict_loss(model, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy of the verdicts, and of the next token where that is right."""
    ids, labels = batch
    states = model.model(input_ids=ids, use_cache=False).last_hidden_state  # (B, T, hidden)
    chosen, verdicts = learned(labels, states)
    judged = cross_entropy(model.score(chosen).float(), verdicts, ignore_index=IGNORED)
    said = ids.masked_fill(labels != 1, IGNORED)
    before, tokens = learned(said[:, 1:], states[:, :-1])
    spoken = cross_entropy((before @ model.model.embed_tokens.weight.T).float(), tokens, ignore_index=IGNORED)
    return judged + SPOKEN_SHARE * spoken


def rates_of_new(first: int, loudness: float) -> Callable[[str], float]:
    """The multiple of each weight's rate: `loudness` for what the layers from `first` on write with."""

    def rate_of(name: str) -> float:
        parts = name.split(".")
        is_new = "layers" in parts and int(parts[parts.index("layers") + 1]) >= first
        return loudness if is_new and name.endswith(WRITING) else 1.0

    return rate_of


@contextmanager
def _only_new(model: LlamaForTokenClassification, first: int) -> Iterator[None]:
    """Meanwhile the embeddings and the layers before `first` ask for no gradient."""
    old: list[torch.nn.Module] = [model.model.embed_tokens, *model.model.layers[:first]]
    for part in old:
        part.requires_grad_(False)
    try:
        yield
    finally:
        for part in old:
            part.requires_grad_(True)


def _seen(tokenizer: PreTrainedTokenizerFast, count: int = 64) -> torch.Tensor:
    """The beginnings of some made solutions, as long as the shortest: ids (count, T)."""
    rng = random.Random(11)
    rows = [rows_of(tokenizer, made(rng))[0] for _ in range(count)]
    length = min(map(len, rows))
    return torch.tensor([row[:length] for row in rows])


def train_reward(
    name: str, folder: Path, models: Path, *, tokens: int | None, minutes: float | None, is_resumed: bool
) -> Path:
    """Train the reward from the finished policy, on what that says, and export it to `models/name`."""
    if not (models / POLICY / "config.json").exists():
        raise BadInput(f"The process reward starts from {POLICY}, which is not there yet: train it first.")
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(models / POLICY)
    author = LlamaForCausalLM.from_pretrained(models / POLICY, dtype=torch.float32)
    torch.manual_seed(0)
    config = copy.deepcopy(author.config)
    config.num_hidden_layers += NEW_LAYERS
    config.num_labels = 2
    model = LlamaForTokenClassification(config)
    grow(author, model)
    file = folder / OWN_SOLUTIONS
    if not is_resumed:
        file.unlink(missing_ok=True)
    mixed = Mixed(own_solutions(models / POLICY, file, SAMPLES, SAMPLE_WEIGHTS, seed=5))

    def stream(pool: int) -> Iterator[tuple[int, Step]]:
        return loader(Batches(tokenizer, mixed, STEP_TOKENS, 11, pool))

    first = author.config.num_hidden_layers
    loudness = set_position_heads_at(model, first, _seen(tokenizer))
    rate_of = rates_of_new(first, loudness)

    def planned(share: float, **settings: Any) -> Schedule:
        return Schedule(
            int((tokens or TOKENS) * share), None if minutes is None else minutes * share, **settings
        )

    with _only_new(model, first):
        alone = planned(ALONE_SHARE, warmup_steps=10)
        train(model, stream, verdict_loss, alone, folder / ALONE, rate_of=rate_of, is_resumed=is_resumed)
    # It knows most of what it needs: at a policy's own rates it would forget that first.
    schedule = planned(1 - ALONE_SHARE, matrix_rate=0.006, other_rate=1e-3, decay_share=1.0)
    train(model, stream, verdict_loss, schedule, folder, rate_of=rate_of, is_resumed=is_resumed)
    model.set_attn_implementation("sdpa")
    families = judge(model.eval(), author, tokenizer)
    error = expected_error(
        np.concatenate([f.estimates for f in families]).tolist(),
        np.concatenate([f.truths for f in families]).tolist(),
    )
    exported = export_reward(name, model, tokenizer, folder, models / name)
    rows = [(f.task, len(f.truths), f.accuracy, f.area) for f in families]
    write_reward_card(name, model, exported, rows, error, alone=tokens_seen(folder / ALONE))
    return exported
