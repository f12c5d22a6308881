"""How a bundled policy model is made: shape, two stages of data under one schedule, export.

First the model learns to copy and to look up, or it is grown from a smaller one that has. Stage one teaches
from made problems, solutions and errors.
Then the model samples, exact checkers label what it said, and stage two teaches the same formats with its own
errors, while the rates go to zero.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from engine.errors import BadInput
from engine.training import tokenizer as tokenizers
from engine.training.batches import IGNORED, Batch, Batches, learned, loader
from engine.training.card import tokens_seen, write_policy_card
from engine.training.checkpoint import require
from engine.training.evaluate import accuracy, solved
from engine.training.examples import FAMILY_WEIGHTS, Example, Source, example
from engine.training.export import export_policy
from engine.training.growth import grow
from engine.training.loop import MATRIX_RATE, OTHER_RATE, Schedule, train
from engine.training.own_errors import StageTwo
from engine.training.position_heads import set_position_heads
from engine.training.recall import recall
from engine.training.sampling import OWN_SOLUTIONS, own_solutions

CONTEXT = 1024
EVALUATE_EVERY_TOKENS = 8_000_000
CARD_PROBLEMS = 200  # a cell, for the model card
RECALL_UNTIL = 0.06  # of the schedule
RECALL_STEP_TOKENS = 4096  # many small steps: what must appear here appears at once or not at all
TAUGHT = "stage-1"  # in the work folder: the policy whose own solutions are labelled
STAGE_TWO_FROM = 0.75
RECALL_SHARE = 0.05  # of stage one's examples, so that it stays known
ROTARY_BASE = 500.0  # the slowest rotation turns once in two thousand tokens: enough for the context
SAMPLES_A_MILLION = 700  # own solutions for each million tokens of stage one


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model's shape, and how long and how fast it learns."""

    hidden: int
    layers: int
    heads: int
    shared_heads: int  # key-value heads
    inner: int
    tokens: int
    grown_from: str | None = None  # the smaller model, in the folder of the models
    matrix_rate: float = MATRIX_RATE
    other_rate: float = OTHER_RATE
    step_tokens: int = 8192
    seed: int = 1


RECIPES = {
    "ponder-1m": Recipe(hidden=128, layers=5, heads=4, shared_heads=2, inner=384, tokens=60_000_000),
    "ponder-3m": Recipe(hidden=192, layers=6, heads=6, shared_heads=2, inner=640, tokens=80_000_000),
    "ponder-8m": Recipe(
        hidden=320,
        layers=7,
        heads=10,
        shared_heads=2,
        inner=896,
        tokens=26_000_000,
        grown_from="ponder-3m",
        # At a new model's rates a grown one first forgets: loss 0.11 to 0.19 within 1.5 M tokens.
        matrix_rate=0.004,
        other_rate=6e-4,
    ),
}


def new_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    torch.manual_seed(recipe.seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=recipe.hidden,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            num_key_value_heads=recipe.shared_heads,
            intermediate_size=recipe.inner,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": ROTARY_BASE},
            pad_token_id=tokenizers.PAD_ID,
            eos_token_id=tokenizers.END_ID,
            bos_token_id=None,
        )
    )
    set_position_heads(model)
    return model


def next_token_loss(model, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy over the learned tokens; logits are made only where something is learned."""
    ids, labels = batch
    states = model.model(input_ids=ids, use_cache=False).last_hidden_state  # (B, T, hidden)
    chosen, targets = learned(labels[:, 1:], states[:, :-1])
    return cross_entropy(model.lm_head(chosen).float(), targets, ignore_index=IGNORED)


def stage_one(rng: random.Random) -> Example:
    """Every format, and now and then a look-up."""
    return recall(rng) if rng.random() < RECALL_SHARE else example(rng)


def _evaluator(tokenizer: PreTrainedTokenizerFast) -> Callable[[PreTrainedModel, int], dict[str, float]]:
    """Accuracy by family and difficulty, at the first checkpoint after every few million tokens."""
    evaluated_at: int | None = None

    def evaluate(model: PreTrainedModel, seen: int) -> dict[str, float]:
        nonlocal evaluated_at
        if evaluated_at is None or seen - evaluated_at < EVALUATE_EVERY_TOKENS:
            evaluated_at = seen if evaluated_at is None else evaluated_at
            return {}
        evaluated_at = seen
        return accuracy(model, tokenizer, problems=20)

    return evaluate


def train_policy(
    name: str, folder: Path, models: Path, *, tokens: int | None, minutes: float | None, is_resumed: bool
) -> Path:
    """Train the named policy in `folder` and export it to `models/name`. Returns the exported folder."""
    recipe = RECIPES[name]
    saved = folder / "tokenizer"
    smaller = models / recipe.grown_from if recipe.grown_from else None
    if smaller and not (smaller / "config.json").exists():
        raise BadInput(f"{name} is grown from {recipe.grown_from}, which is not there yet: train it first.")
    if is_resumed:
        require(folder)
    if smaller or (is_resumed and saved.exists()):
        tokenizer = PreTrainedTokenizerFast.from_pretrained(smaller or saved)
    else:
        tokenizer = tokenizers.build()
        tokenizer.save_pretrained(saved)
    # A grown model has the time of constant rates behind it.
    schedule = Schedule(
        tokens or recipe.tokens,
        minutes,
        recipe.matrix_rate,
        recipe.other_rate,
        decay_share=1.0 if smaller else 0.8,
    )
    evaluate = _evaluator(tokenizer)

    def learn(
        model: PreTrainedModel,
        source: Source,
        until: float,
        goes_on: bool,
        step_tokens: int = recipe.step_tokens,
    ) -> PreTrainedModel:
        return train(
            model,
            lambda pool: loader(Batches(tokenizer, source, step_tokens, recipe.seed, pool)),
            next_token_loss,
            schedule,
            folder,
            until=until,
            is_resumed=goes_on,
            on_checkpoint=evaluate,
        )

    model = new_model(recipe, tokenizer)
    if smaller:
        grow(LlamaForCausalLM.from_pretrained(smaller, dtype=torch.float32), model)
        model = learn(model, stage_one, STAGE_TWO_FROM, is_resumed)
    else:
        model = learn(model, recall, RECALL_UNTIL, is_resumed, RECALL_STEP_TOKENS)
        model = learn(model, stage_one, STAGE_TWO_FROM, True)
    own = folder / OWN_SOLUTIONS
    if not is_resumed:
        own.unlink(missing_ok=True)
    taught = export_policy(name, model, tokenizer, folder, folder / TAUGHT)
    count = int(tokens_seen(folder) * SAMPLES_A_MILLION)
    samples = own_solutions(taught, own, count, FAMILY_WEIGHTS, recipe.seed)
    model = learn(model, StageTwo(samples), 1.0, True)
    solved_cells = solved(model, tokenizer, CARD_PROBLEMS)
    exported = export_policy(name, model, tokenizer, folder, models / name)
    write_policy_card(name, model, exported, solved_cells, CARD_PROBLEMS, recipe.grown_from)
    return exported
