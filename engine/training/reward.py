"""How the bundled process reward is made: the finished policy, grown, judging its own samples and made ones.

The reward is the policy's backbone with three layers more and a two-label head, read at the last token of
every step and of the final answer. A step's label is whether a right answer can still follow (for countdown
by the exact solver). It learns from every token whose label is known, and its old layers go on learning to
say what is right: to see that a result is wrong it must know the right one. They know already: how likely
the policy finds a solution ranks the steps of sums and stories well. So the first new layer is written by
hand to tell how surprising each token is (`engine/training/surprise_layer.py`); the second starts out
gathering that from all tokens so far. (Queries and keys have biases for that.) The new layers learn alone
first. They write into a state that is some fifty times as large as what they read, so what they write with
learns that much faster: at one rate for all, they stay unheard. At the end its probabilities are calibrated.
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

import torch
from transformers import LlamaForCausalLM, LlamaForTokenClassification, PreTrainedTokenizerFast

from engine.errors import BadInput
from engine.lab.calibration import expected_error
from engine.tasks import countdown
from engine.training.batches import IGNORED, Batches, Step, loader, rows_of
from engine.training.calibrating import calibrate
from engine.training.card import tokens_seen, write_reward_card
from engine.training.checkpoint import CHECKPOINT, require
from engine.training.examples import Example, flawed, fresh
from engine.training.export import export_reward
from engine.training.growth import grow
from engine.training.judging import all_of, judge
from engine.training.loop import Schedule, train
from engine.training.position_heads import set_gathering_heads
from engine.training.reward_loss import Expectation, reward_loss
from engine.training.sampling import OWN_SOLUTIONS, Sample, labelled, own_solutions
from engine.training.surprise_layer import LOUD, ODDS, WIDTH, Row, kept_apart, set_surprise_layer
from engine.training.tokenizer import THINK_END
from engine.training.verdicts import at_every_token

POLICY = "ponder-3m"
TOKENS = 12_000_000
NEW_LAYERS = 3  # one that tells surprises, two that judge
ALONE_SHARE = 1 / 8  # of the tokens: first the new layers learn, on a policy that stays as it is till then
ALONE = "new-layers"  # in the work folder
FITTED_ON = 1600  # solutions that the layer of surprises is fitted on
WRITING = ("o_proj.weight", "down_proj.weight")
OLD_RATE, TELLING_RATE = 0.15, 0.3  # of the policy's layers and of the surprise layer, beside the others'
PARTS, BATCH_TOKENS = 2, 2048  # of a step
SAMPLES = 80_000  # the policy's own solutions; seen three times, a reward is too sure of new ones
SAMPLE_WEIGHTS = {"arithmetic": 34, "story": 30, "countdown": 30, "programs": 6}
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


def new_reward(author: LlamaForCausalLM) -> Any:
    """The author's backbone, wider by WIDTH, with NEW_LAYERS more, biases, a head and its `Expectation`."""
    torch.manual_seed(0)
    config = copy.deepcopy(author.config)
    config.hidden_size += WIDTH
    config.num_hidden_layers += NEW_LAYERS
    config.num_labels = 2
    config.attention_bias = True
    model: Any = LlamaForTokenClassification(config)
    for layer in model.model.layers:
        layer.self_attn.o_proj.bias.requires_grad_(False)  # stays 0
    grow(author, model)
    model.expectation = Expectation(author)
    return model


def _to_fit_on(tokenizer: PreTrainedTokenizerFast, mixed: Mixed) -> list[Row]:
    """Token ids of some solutions, with the place where each begins."""
    rng = random.Random(13)
    rows: list[Row] = []
    while len(rows) < FITTED_ON:
        ids, labels = rows_of(tokenizer, mixed(rng))
        start = next((place for place, label in enumerate(labels) if label != IGNORED), None)
        if start:
            rows.append((ids, start))
    return rows


def rates_of_new(first: int, loudness: float) -> Callable[[str], float]:
    """The multiple of each weight's rate: `loudness` for what the judging layers write with.

    The layers before `first` and the one at it know what they need: at the others' rate they forget it.
    """

    def rate_of(name: str) -> float:
        parts = name.split(".")
        layer = int(parts[parts.index("layers") + 1]) if "layers" in parts else None
        if "embed_tokens" in parts or (layer is not None and layer < first):
            return OLD_RATE
        if layer == first:
            return TELLING_RATE
        return loudness if layer is not None and name.endswith(WRITING) else 1.0

    return rate_of


@contextmanager
def _only_new(model: LlamaForTokenClassification, first: int) -> Iterator[None]:
    """Meanwhile the embeddings and the layers before `first` ask for no gradient."""
    parts = [model.model.embed_tokens, *model.model.layers[:first]]
    old = [weight for part in parts for weight in part.parameters() if weight.requires_grad]
    for weight in old:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in old:
            weight.requires_grad_(True)


@torch.no_grad()
def _loudness(model: LlamaForTokenClassification, place: int, tokenizer: PreTrainedTokenizerFast) -> float:
    """How large the states are that the layer at `place` writes into: the root of their mean square.

    Over the beginnings of some made solutions.
    """
    rng = random.Random(11)
    rows = [rows_of(tokenizer, made(rng))[0] for _ in range(64)]
    length = min(map(len, rows))
    ids = torch.tensor([row[:length] for row in rows])
    states = model.model(input_ids=ids, output_hidden_states=True, use_cache=False).hidden_states
    return float(states[place].square().mean().sqrt())


def train_reward(
    name: str, folder: Path, models: Path, *, tokens: int | None, minutes: float | None, is_resumed: bool
) -> Path:
    """Train the reward from the finished policy, on what that says, and export it to `models/name`."""
    if not (models / POLICY / "config.json").exists():
        raise BadInput(f"The process reward starts from {POLICY}, which is not there yet: train it first.")
    if is_resumed:
        require(folder / ALONE, folder)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(models / POLICY)
    author = LlamaForCausalLM.from_pretrained(models / POLICY, dtype=torch.float32)
    model = new_reward(author)
    file = folder / OWN_SOLUTIONS
    if not is_resumed:
        file.unlink(missing_ok=True)
    mixed = Mixed(own_solutions(models / POLICY, file, SAMPLES, SAMPLE_WEIGHTS, seed=5))

    first = author.config.num_hidden_layers
    loudness = _loudness(model, first, tokenizer)
    if not (is_resumed and (folder / ALONE / CHECKPOINT).exists()):
        set_surprise_layer(model, first, author.model.norm.weight.detach(), _to_fit_on(tokenizer, mixed))
    rate_of = rates_of_new(first, loudness)

    def learn(share: float, work: Path, **settings: Any) -> None:
        def stream(pool: int) -> Iterator[tuple[int, Step]]:
            return loader(Batches(tokenizer, mixed, PARTS * BATCH_TOKENS, 11, pool, PARTS))

        length = int((tokens or TOKENS) * share)
        schedule = Schedule(length, None if minutes is None else minutes * share, **settings)
        still = kept_apart(model, first)
        train(model, stream, reward_loss, schedule, work, rate_of=rate_of, still=still, is_resumed=is_resumed)

    with _only_new(model, first):
        reading = torch.zeros(model.config.hidden_size)
        reading[author.config.hidden_size + ODDS] = loudness / LOUD
        set_gathering_heads(model, first + 1, reading)
        learn(ALONE_SHARE, folder / ALONE, matrix_rate=0.01, warmup_steps=10)
    # At a policy's own rates it would first forget what it knows.
    learn(1 - ALONE_SHARE, folder, matrix_rate=0.006, other_rate=1e-3, decay_share=1.0)
    del model.expectation
    model.set_attn_implementation("sdpa")
    calibrate(model, *all_of(judge(model.eval(), author, tokenizer, held_out=False)))
    families = judge(model, author, tokenizer)
    error = expected_error(*all_of(families))
    exported = export_reward(name, model, tokenizer, folder, models / name)
    rows = [(f.task, len(f.truths), f.accuracy, f.area) for f in families]
    write_reward_card(
        name,
        model,
        exported,
        rows,
        error,
        alone=tokens_seen(folder / ALONE),
    )
    return exported
