"""The models that are measured: ponder-3m's shape with random weights, so that a benchmark needs no training.

Knows shapes. Speed does not depend on what weights say, only lengths do, and those are fixed here.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
import transformers

from engine.training import tokenizer as tokenizers

SHAPE: dict[str, Any] = {
    "hidden_size": 192,
    "num_hidden_layers": 6,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "intermediate_size": 640,
    "max_position_embeddings": 2048,
}


@functools.cache
def tokenizer() -> Any:
    """The bundled models' own kind of tokenizer."""
    return tokenizers.build(problems=500)


def policy(dtype: torch.dtype = torch.float32, seed: int = 0) -> Any:
    """A fresh causal model that never ends a turn by itself."""
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer()), tie_word_embeddings=True, pad_token_id=tokenizers.PAD_ID,
        eos_token_id=None, bos_token_id=None, **SHAPE,
    )  # fmt: skip
    model: Any = transformers.LlamaForCausalLM(config)
    return model.to(dtype).eval()


def reward(seed: int = 1) -> Any:
    """A fresh process reward of the same shape."""
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer()), pad_token_id=tokenizers.PAD_ID, bos_token_id=None, **SHAPE
    )
    config.num_labels = 2
    return transformers.LlamaForTokenClassification(config).eval()


def prompt(tokens: int, seed: int = 0) -> list[int]:
    """Token ids of a prompt of this length: plain tokens, none of them special."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(100, len(tokenizer()) - 2, (tokens,), generator=generator).tolist()
