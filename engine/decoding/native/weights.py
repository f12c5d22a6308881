"""A flattened forward's weights, packed for the compiled step.

Knows the step's structures for a model. Does not know rows. The C source says what they mean.
"""

from __future__ import annotations

import ctypes

import torch
from torch.nn.functional import pad

from engine.decoding.flat import Flat, Layer
from engine.decoding.native.build import NotBuilt, library

MOST_PARAMETERS = 100_000_000  # the weights are copied; of larger models the operators' cost is no matter
PANEL, LANES = 32, 16  # as in the C sources


class _Layer(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_void_p)
        for name in (
            "attention_norm", "query_key_value", "bias", "query_norm", "key_norm",
            "out", "inner_norm", "gate_up", "down",
        )
    )  # fmt: skip


class _Model(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("layers", "width", "heads", "key_heads", "dim", "inner")),
        *((name, ctypes.c_int64) for name in ("vocabulary", "threads")),
        *((name, ctypes.c_float) for name in ("eps", "scale")),
        *((name, ctypes.c_void_p) for name in ("layer", "embedding", "norm", "head", "head_bias", "turns")),
    )


def why_not(forward: Flat) -> str:
    """Why the step cannot run these weights; "" when nothing speaks against it."""
    embedding = forward.embedding
    if embedding.device.type != "cpu" or embedding.dtype != torch.float32:
        return "it computes on the CPU in float32"
    sizes = (forward.dim, embedding.shape[1], forward.layers[0].down.shape[0])
    if any(size % LANES for size in sizes):
        return f"it needs sizes in multiples of {LANES}"
    weights = [weight for layer in forward.layers for weight in (layer.query_key_value, layer.gate_up)]
    if 2 * sum(weight.numel() for weight in weights) > MOST_PARAMETERS:
        return "the model is large enough without it"
    try:
        library()
    except NotBuilt as error:
        return str(error)
    return ""


class Weights:
    """The packed weights; `model` is the structure that points to them."""

    def __init__(self, forward: Flat):
        self.layers = len(forward.layers)
        self.dim, self.heads, self.key_heads = forward.dim, forward.heads, forward.key_heads
        self.groups = self.heads // self.key_heads
        self.width, self.inner = forward.embedding.shape[1], forward.layers[0].down.shape[0]
        self.vocabulary = forward.head.weight.shape[0]
        self._kept: list[torch.Tensor] = []  # what the structures point to
        layers = (_Layer * self.layers)(*(self._layer(layer) for layer in forward.layers))
        self._layers = layers
        turns = torch.view_as_real(forward.turns)
        self.model = _Model(
            self.layers, self.width, self.heads, self.key_heads, self.dim, self.inner, self.vocabulary,
            torch.get_num_threads(), forward.eps, self.dim**-0.5, ctypes.cast(layers, ctypes.c_void_p),
            self._at(forward.embedding), self._at(forward.norm), self._at(packed(forward.head.weight)),
            self._bias(forward.head.bias), self._at(turns),
        )  # fmt: skip

    def _layer(self, layer: Layer) -> _Layer:
        gate, up = (part.unflatten(0, (-1, LANES)) for part in layer.gate_up.chunk(2))
        joined = torch.cat([gate, up], dim=1).flatten(0, 1)  # 16 gates, their 16 ups, and so on
        return _Layer(
            self._at(layer.attention_norm), self._at(packed(layer.query_key_value)),
            self._bias(layer.query_key_value_bias),
            None if layer.query_norm is None else self._at(layer.query_norm),
            None if layer.key_norm is None else self._at(layer.key_norm),
            self._at(packed(layer.out.t())), self._at(layer.inner_norm), self._at(packed(joined)),
            self._at(packed(layer.down.t())),
        )  # fmt: skip

    def _bias(self, bias: torch.Tensor | None) -> int | None:
        return None if bias is None else self._at(pad(bias, (0, -len(bias) % PANEL)))

    def _at(self, tensor: torch.Tensor) -> int:
        tensor = tensor.detach().contiguous()
        self._kept.append(tensor)
        return tensor.data_ptr()


def packed(weight: torch.Tensor) -> torch.Tensor:
    """A weight [N, inputs] in panels [N / 32, inputs, 32], the last one filled up with zeros."""
    filled = pad(weight, (0, 0, 0, -len(weight) % PANEL))
    return filled.unflatten(0, (-1, PANEL)).transpose(1, 2).contiguous()
