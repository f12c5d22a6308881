"""How a bundled policy model is made: shape, data, schedule, export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from engine.training import tokenizer as tokenizers
from engine.training.batches import IGNORED, Batch, Batches, learned, loader
from engine.training.card import write_policy_card
from engine.training.evaluate import accuracy, solved
from engine.training.examples import example
from engine.training.export import export_policy
from engine.training.loop import Schedule, train

CONTEXT = 1024
EVALUATE_EVERY_TOKENS = 8_000_000
CARD_PROBLEMS = 200  # a cell, for the model card


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model's shape and how long it learns."""

    hidden: int
    layers: int
    heads: int
    shared_heads: int  # key-value heads
    inner: int
    tokens: int
    step_tokens: int = 8192
    seed: int = 1


RECIPES = {"ponder-3m": Recipe(hidden=192, layers=6, heads=6, shared_heads=2, inner=640, tokens=60_000_000)}


def new_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    torch.manual_seed(recipe.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=recipe.hidden,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            num_key_value_heads=recipe.shared_heads,
            intermediate_size=recipe.inner,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            pad_token_id=tokenizers.PAD_ID,
            eos_token_id=tokenizers.END_ID,
            bos_token_id=None,
        )
    )


def next_token_loss(model, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy over the learned tokens; logits are made only where something is learned."""
    ids, labels = batch
    states = model.model(input_ids=ids, use_cache=False).last_hidden_state  # (B, T, hidden)
    chosen, targets = learned(labels[:, 1:], states[:, :-1])
    return cross_entropy(model.lm_head(chosen).float(), targets, ignore_index=IGNORED)


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
    if is_resumed and saved.exists():
        tokenizer = PreTrainedTokenizerFast.from_pretrained(saved)
    else:
        tokenizer = tokenizers.build()
        tokenizer.save_pretrained(saved)
    model = new_model(recipe, tokenizer)
    model = train(
        model,
        lambda pool: loader(Batches(tokenizer, example, recipe.step_tokens, recipe.seed, pool)),
        next_token_loss,
        Schedule(tokens or recipe.tokens),
        folder,
        is_resumed=is_resumed,
        minutes=minutes,
        on_checkpoint=_evaluator(tokenizer),
    )
    solved_cells = solved(model, tokenizer, CARD_PROBLEMS)
    exported = export_policy(name, model, tokenizer, folder, models / name)
    write_policy_card(name, model, exported, solved_cells, CARD_PROBLEMS)
    return exported
