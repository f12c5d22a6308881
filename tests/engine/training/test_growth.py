"""A grown model says what the smaller one says, and everything in it can learn."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from engine.training.growth import grow


def made(hidden: int, layers: int, heads: int, inner: int, seed: int) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=64, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
            num_key_value_heads=2, head_dim=16, intermediate_size=inner, tie_word_embeddings=True,
            initializer_range=0.2, rms_norm_eps=1e-12,
        )
    ).double()  # fmt: skip


def test_the_same_logits_and_a_gradient_for_every_matrix():
    small, large = made(64, 2, 4, 96, seed=1), made(96, 3, 6, 160, seed=2)
    ids = torch.randint(64, (3, 20))
    grow(small, large)
    assert torch.allclose(small(ids).logits, large(ids).logits, atol=1e-4)
    optimiser = torch.optim.SGD(large.parameters(), lr=0.05)
    for _ in range(3):  # what ends in zeros comes first, then what feeds it
        optimiser.zero_grad()
        large(ids, labels=ids).loss.backward()
        optimiser.step()
    silent = [name for name, weight in large.named_parameters() if not (weight.grad != 0).any(-1).all()]
    assert [name for name in silent if "embed" not in name] == []


def test_what_cannot_be_grown_is_refused():
    with pytest.raises(ValueError, match="smaller in something"):
        grow(made(96, 3, 6, 160, seed=2), made(64, 2, 4, 96, seed=1))
