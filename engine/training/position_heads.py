"""A start for small models: heads that read the tokens one, two and three places back, or gather.

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
from transformers import LlamaForCausalLM

LAYERS = 2  # the first ones
FREQUENCIES = 6  # the fastest rotations; the slow ones cannot tell neighbours apart
SHARPNESS = 5.0  # length of a query and of a key in each of those planes
CONSTANT = 0.08  # one coordinate of every embedding: what makes a query the same whatever the token
GATHERING = (1.0, 0.5, 2.0)  # what the heads that gather multiply with
REST = 0.1  # the other weights of these heads are shrunk to this share


@torch.no_grad()
def set_position_heads(model: LlamaForCausalLM) -> None:
    """In the first layers, let the heads of the first key-value head read 1, 2, 3 … places back."""
    embedding = model.model.embed_tokens.weight  # (vocabulary, hidden)
    embedding[:, 0] = CONSTANT
    constant = embedding[:, 0].mean() / embedding.square().mean().sqrt()  # what the first norm makes of it
    layers: Any = model.model.layers
    for layer in layers[:LAYERS]:
        for projection, alike in _reading_back(model, layer):
            projection.weight[: len(alike), 0] += alike / constant


def _reading_back(model: Any, layer: Any) -> list[tuple[Any, Tensor]]:
    """The layer's projections, with what the first key-value head's rows of them are to make of every state.

    What those rows made of it before is shrunk.
    """
    config = model.config
    heads, dim = config.num_attention_heads // config.num_key_value_heads, config.head_dim
    speeds = model.model.rotary_emb.inv_freq[:FREQUENCIES]
    planes = len(speeds)
    key, queries = torch.zeros(dim), torch.zeros(heads, dim)
    key[:planes] = SHARPNESS
    # The score is largest where the key stands head + 1 places back.
    phases = -speeds * torch.arange(1, heads + 1).unsqueeze(1)
    queries[:, :planes] = SHARPNESS * torch.cos(phases)
    queries[:, dim // 2 : dim // 2 + planes] = SHARPNESS * torch.sin(phases)
    read_with = [(layer.self_attn.k_proj, key), (layer.self_attn.q_proj, queries.flatten())]
    for projection, alike in read_with:
        projection.weight[: len(alike)] *= REST
    return read_with


@torch.no_grad()
def set_gathering_heads(model: Any, place: int, reading: Tensor) -> None:
    """In the layer at `place`, the heads of the first key-value head gather what `reading` (hidden,) tells.

    They attend to every place by the exponential of what it tells there, each with a sharpness of its own,
    and read that: of log odds, about the logarithm of their sum. The query is the same everywhere, by its
    bias, in the plane that turns slowest.
    """
    layers: Any = model.model.layers
    attention = layers[place].self_attn
    heads, dim = model.config.num_attention_heads // model.config.num_key_value_heads, model.config.head_dim
    queries, keys, values = attention.q_proj, attention.k_proj, attention.v_proj
    for projection, rows in ((queries, heads * dim), (keys, dim), (values, dim)):
        projection.weight[:rows] *= REST
    slowest = dim // 2 - 1
    keys.weight[slowest] += reading
    values.weight[0] += reading
    for head in range(heads):
        queries.bias[head * dim + slowest] += GATHERING[head % len(GATHERING)] * dim**0.5
