"""A start for small models: heads that read the tokens one, two and three places back.

To find a fact again by a name, a model first needs a head that reads the token before, then one that finds
where the same token stood (induction heads, arXiv 2209.11895). A small model spends most of a short training
before the first of these appears; here it is there from the start, made of ordinary weights that training
may change. To start from what trained attention looks like is mimetic initialisation (arXiv 2305.09828);
theirs shapes products of weights, this sets the rotary phases (arXiv 2104.09864, section 3.2.2) of a few
heads.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import LlamaForCausalLM, LlamaForTokenClassification

LAYERS = 2  # the first ones
FREQUENCIES = 6  # the fastest rotations; the slow ones cannot tell neighbours apart
SHARPNESS = 5.0  # length of a query and of a key in each of those planes
CONSTANT = 0.08  # one coordinate of every embedding: what makes a query the same whatever the token
REST = 0.1  # the other weights of these heads are shrunk to this share


@torch.no_grad()
def set_position_heads(model: LlamaForCausalLM) -> None:
    """In the first layers, let the heads of the first key-value head read 1, 2, 3 … places back."""
    embedding = model.model.embed_tokens.weight  # (vocabulary, hidden)
    embedding[:, 0] = CONSTANT
    constant = embedding[:, 0].mean() / embedding.square().mean().sqrt()  # what the first norm makes of it
    direction = torch.zeros(embedding.shape[1])
    direction[0] = 1 / constant
    layers: Any = model.model.layers
    for layer in layers[:LAYERS]:
        _read_back(model, layer, direction)


@torch.no_grad()
def set_position_heads_at(model: LlamaForTokenClassification, place: int, ids: Tensor) -> float:
    """The same in the layer at `place` of a model that has learned; `ids` (B, T) are such as it reads.

    A query that is the same whatever the token needs a direction in which all states are alike: the one that
    comes closest over `ids`, by least squares. Returns how large the states are that the layer writes into,
    the root of their mean square.
    """
    layer: Any = model.model.layers[place]
    states = model.model(input_ids=ids, output_hidden_states=True, use_cache=False).hidden_states
    normed = layer.input_layernorm(states[place]).flatten(0, 1)  # (B * T, hidden)
    _read_back(model, layer, torch.linalg.lstsq(normed, torch.ones(len(normed), 1)).solution[:, 0])
    return float(states[place].square().mean().sqrt())


def _read_back(model: Any, layer: Any, direction: Tensor) -> None:
    """Along `direction` (hidden,) every normed state is about 1."""
    config = model.config
    heads, shared, dim = config.num_attention_heads, config.num_key_value_heads, config.head_dim
    speeds = model.model.rotary_emb.inv_freq[:FREQUENCIES]
    planes = len(speeds)
    sharp = SHARPNESS * direction
    key = layer.self_attn.k_proj.weight[:dim]
    key *= REST
    key[:planes] += sharp
    for head in range(heads // shared):
        query = layer.self_attn.q_proj.weight[head * dim : (head + 1) * dim]
        query *= REST
        phases = -speeds * (head + 1)  # the score is largest where the key stands head + 1 places back
        query[:planes] += torch.cos(phases).unsqueeze(1) * sharp
        query[dim // 2 : dim // 2 + planes] += torch.sin(phases).unsqueeze(1) * sharp
