"""A larger model that says exactly what a smaller one says, to go on learning from there.

Every weight of the smaller model has a place in the larger one. What is new reads at random and writes
nothing yet: new heads, inner units and layers end in zeros, and so do the new coordinates of the state.
Their first gradients bring them to life. The idea is Net2Net's (arXiv 1511.05641); theirs copies units,
which then have to be told apart by noise, this adds ones that are silent. Knows Llama's weights; biases are
left as they are. Knows no data.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import LlamaForCausalLM, LlamaForTokenClassification


@torch.no_grad()
def grow(small: LlamaForCausalLM, large: LlamaForCausalLM | LlamaForTokenClassification) -> None:
    """Set the weights of `large` so that its last states, and with them its logits, are `small`'s.

    Both have the same vocabulary, width of a head and number of key-value heads, and `large` has no fewer of
    anything else. Raises ValueError where that is not so. A head that is not tied is left as it is. Differs
    by rounding alone: the norms' epsilon counts for a little more in a wider state.
    """
    a, b = small.config, large.config
    if (a.vocab_size, a.head_dim, a.num_key_value_heads) != (b.vocab_size, b.head_dim, b.num_key_value_heads):
        raise ValueError("Only the widths and the number of layers may differ.")
    if any(
        getattr(a, size) > getattr(b, size)
        for size in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    ):
        raise ValueError("The larger model is smaller in something.")
    state = torch.arange(a.hidden_size)
    inner = torch.arange(a.intermediate_size)
    queries = _places_of_queries(a, b)
    # The mean square over the wider state is smaller by this share, so normed states would be larger.
    shrink = (a.hidden_size / b.hidden_size) ** 0.5

    def norm(source: Any, target: Any) -> None:
        target.weight.fill_(float(source.weight.mean()) * shrink)
        target.weight[state] = source.weight * shrink

    _write(large.model.embed_tokens.weight, small.model.embed_tokens.weight, columns=state)
    norm(small.model.norm, large.model.norm)
    old: Any = small.model.layers
    new: Any = large.model.layers
    for layer in new[len(old) :]:
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
    for source, target in zip(old, new, strict=False):
        norm(source.input_layernorm, target.input_layernorm)
        norm(source.post_attention_layernorm, target.post_attention_layernorm)
        attention, grown = source.self_attn, target.self_attn
        _read(grown.q_proj.weight, attention.q_proj.weight, queries, state)
        _read(grown.k_proj.weight, attention.k_proj.weight, slice(None), state)
        _read(grown.v_proj.weight, attention.v_proj.weight, slice(None), state)
        _write(grown.o_proj.weight, attention.o_proj.weight, rows=state, columns=queries)
        _read(target.mlp.gate_proj.weight, source.mlp.gate_proj.weight, inner, state)
        _read(target.mlp.up_proj.weight, source.mlp.up_proj.weight, inner, state)
        _write(target.mlp.down_proj.weight, source.mlp.down_proj.weight, rows=state, columns=inner)


def _places_of_queries(a: Any, b: Any) -> Tensor:
    """Where the small model's query rows stand in the large one: heads keep their key-value head."""
    groups = a.num_key_value_heads
    wide = torch.arange(b.num_attention_heads * b.head_dim).view(groups, -1)
    return wide[:, : a.num_attention_heads * a.head_dim // groups].flatten()


def _read(target: Tensor, source: Tensor, rows: Tensor | slice, columns: Tensor) -> None:
    """Old rows read the old coordinates as before; all else keeps its random start and reads zeros yet."""
    block = target[rows]
    block[:, columns] = source
    target[rows] = block


def _write(target: Tensor, source: Tensor, columns: Tensor, rows: Tensor | None = None) -> None:
    """Old columns write what they wrote to the old coordinates; nothing else is written."""
    target.zero_()
    if rows is None:
        target[:, columns] = source
    else:
        target[rows.unsqueeze(1), columns] = source
