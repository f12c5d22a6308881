"""A flattened forward for Llama-shaped models: the sums of the model's own modules in half the operators.

Bound mechanically to a model's weights, for Llama, Mistral without a window, Qwen2, Qwen3 and their like: one
product for queries, keys and values, one for gate and up, the residual added inside the product. Rotary
positions are one complex product: heads are stored with each rotated pair side by side, which changes no
query-key product. Knows weights. Does not know slots, rows or what the outputs are for.

Shapes: T packed tokens, H query heads, K key-value heads, D head dimension, E width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from engine.decoding.attention import Plan, attend

ROTATIONS = {"default", "linear", "llama3", "yarn"}  # whose angles depend on the position alone
Weight = torch.Tensor


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's weights; `query_norm` and `key_norm` are None where the model has none."""

    attention_norm: Weight
    query_key_value: Weight  # [(H + 2 K) · D, E]
    query_key_value_bias: Weight | None
    query_norm: Weight | None  # [D]
    key_norm: Weight | None
    out: Weight  # [H · D, E], transposed
    inner_norm: Weight
    gate_up: Weight  # [2 · inner, E]
    down: Weight  # [inner, E], transposed


class Flat:
    """The forward over bound weights. `bind` makes it."""

    name = "key-value tree, flattened"

    def __init__(self, model: Any, layers: list[Layer], heads: int, key_heads: int, dim: int):
        config, body = model.config, model.base_model
        self.layers = layers
        self.heads, self.key_heads, self.dim = heads, key_heads, dim
        self.embedding = body.embed_tokens.weight
        self.norm, self.eps = body.norm.weight, config.rms_norm_eps
        self.head = getattr(model, "lm_head", None) or model.score
        self.turns = _turns(body.rotary_emb, config.max_position_embeddings, dim, self.embedding.device)

    @torch.inference_mode()
    def __call__(
        self, ids: torch.Tensor, positions: torch.Tensor, plan: Plan, wanted: torch.Tensor | None
    ) -> torch.Tensor:
        heads, shared, dim = self.heads, self.key_heads, self.dim
        turn = self.turns[positions][:, None]  # [T, 1, D / 2]
        x = self.embedding[ids]
        width, scale = (x.shape[-1],), dim**-0.5
        for i, layer in enumerate(self.layers):
            h = F.rms_norm(x, width, layer.attention_norm, self.eps)
            mixed = F.linear(h, layer.query_key_value, layer.query_key_value_bias)
            mixed = mixed.view(-1, heads + 2 * shared, dim)
            if layer.query_norm is not None and layer.key_norm is not None:
                mixed[:, :heads] = F.rms_norm(mixed[:, :heads], (dim,), layer.query_norm, self.eps)
                mixed[:, heads:-shared] = F.rms_norm(
                    mixed[:, heads:-shared], (dim,), layer.key_norm, self.eps
                )
            _rotate(mixed[:, : heads + shared], turn)
            out = attend(plan, i, mixed[:, :heads], mixed[:, heads:].reshape(len(ids), -1), scale)
            x = torch.addmm(x, out, layer.out)
            h = F.rms_norm(x, width, layer.inner_norm, self.eps)
            gate, up = F.linear(h, layer.gate_up).chunk(2, -1)
            x = torch.addmm(x, F.silu(gate).mul_(up), layer.down)
        x = F.rms_norm(x if wanted is None else x[wanted], width, self.norm, self.eps)
        return self.head(x)


def _rotate(heads: torch.Tensor, turn: torch.Tensor) -> None:
    """Turn each pair of [T, heads, D] by its angle, in place."""
    if heads.dtype == torch.float32:
        torch.view_as_complex(heads.unflatten(-1, (-1, 2))).mul_(turn)
        return
    pairs = torch.view_as_complex(heads.float().unflatten(-1, (-1, 2)))
    heads.copy_(torch.view_as_real(pairs * turn).flatten(-2))


def _turns(rotary: Any, positions: int, dim: int, device: torch.device) -> torch.Tensor:
    """Rotations [positions, D / 2] as complex numbers, scaled as the model scales them."""
    places = torch.arange(positions, device=device)[None]
    cos, sin = rotary(torch.zeros(1, 1, dim, device=device), places)  # each [1, positions, D], halves alike
    return torch.complex(cos[0, :, : dim // 2].float(), sin[0, :, : dim // 2].float())


def _paired(weight: torch.Tensor, dim: int) -> torch.Tensor:
    """Rows (or entries) of each head reordered from two halves to pairs side by side."""
    halves = weight.unflatten(0, (-1, 2, dim // 2))
    return halves.transpose(1, 2).flatten(0, 2)


def why_not(model: Any) -> str:
    """Why the flattened forward cannot serve this model; "" when nothing speaks against it."""
    config, body = model.config, model.base_model
    rotation = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    layers = getattr(body, "layers", None)
    if not layers or not hasattr(body, "rotary_emb") or not hasattr(body, "norm"):
        return "it is not built like Llama"
    if not (hasattr(model, "lm_head") or hasattr(model, "score")):
        return "it has no head that is known"
    if rotation not in ROTATIONS or getattr(config, "partial_rotary_factor", 1.0) not in (None, 1.0):
        return f"its positions are of another kind ({rotation})"
    if getattr(config, "hidden_act", "silu") != "silu":
        return f"its activation is {config.hidden_act}"
    if 0 in (getattr(config, "no_rope_layers", None) or ()):
        return "some of its layers have no positions"
    known = {"self_attn", "mlp", "input_layernorm", "post_attention_layernorm"}
    attention = {"q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm"}
    for layer in layers:
        with_weights = {
            name for name, child in layer.named_children() if any(True for _ in child.parameters())
        }
        inner = {
            name for name, child in layer.self_attn.named_children() if any(True for _ in child.parameters())
        }
        feed = {name for name, child in layer.mlp.named_children() if any(True for _ in child.parameters())}
        if with_weights != known or not inner <= attention or feed != {"gate_proj", "up_proj", "down_proj"}:
            return "its layers have other parts than Llama's"
        if any(_adds(module.bias) for module in (layer.self_attn.o_proj, layer.mlp.down_proj)):
            return "its layers have biases where Llama's have none"
    return ""


def _adds(bias: torch.Tensor | None) -> bool:
    """Whether a bias changes anything; Llama's `attention_bias` gives outputs one that may well be zero."""
    return bias is not None and bool(bias.any())


def bind(model: Any, heads: int, dim: int) -> Flat:
    """The flattened forward over a model's weights; `heads` key-value heads of dimension `dim`.

    Weights that are joined are copied. Raises whatever a model of another shape makes it raise.
    """
    body = model.base_model
    layers: list[Layer] = []
    for module in body.layers:
        attention, mlp = module.self_attn, module.mlp
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        joined = [_paired(part.weight, dim) for part in parts[:2]] + [parts[2].weight]
        biases = None
        if parts[0].bias is not None:
            biases = torch.cat([*(_paired(part.bias, dim) for part in parts[:2]), parts[2].bias])
        norms = [getattr(attention, name, None) for name in ("q_norm", "k_norm")]
        query_norm, key_norm = (None if norm is None else _paired(norm.weight, dim) for norm in norms)
        layers.append(
            Layer(
                module.input_layernorm.weight,
                torch.cat(joined),
                biases,
                query_norm,
                key_norm,
                attention.o_proj.weight.t(),
                module.post_attention_layernorm.weight,
                torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]),
                mlp.down_proj.weight.t(),
            )
        )
    query_heads = body.layers[0].self_attn.q_proj.weight.shape[0] // dim
    return Flat(model, layers, query_heads, heads, dim)
