"""Which runner serves a model: the key-value tree where it can, the plain path where it cannot.

Knows every runner and forward, and tries them on the model before it trusts them. Does not know where models
come from.
"""

from __future__ import annotations

from typing import Any

import torch

from engine.decoding import flat
from engine.decoding.attention import Plan
from engine.decoding.forwards import NAME, Hooked
from engine.decoding.native.weights import Weights
from engine.decoding.native.weights import why_not as why_not_native
from engine.decoding.packing import Read
from engine.decoding.plain import PlainRunner
from engine.decoding.runner import Runner, TreeRunner

TOLERANCE = {torch.float32: 1e-3}  # of the largest logit; rounding in half precision is coarser
HALF_TOLERANCE = 6e-2
TRIED = [(7 * i) % 97 for i in range(9)]  # token ids that forwards are compared on


def runner_for(model: Any, tree_bytes: int) -> tuple[Runner, str]:
    """The runner, and why it is the plain one; "" where it is not.

    `tree_bytes` bounds the keys and values kept for later branches. The model keeps the tree's attention
    where the tree serves it, and its own otherwise.
    """
    why = unsupported(model)
    if why:
        return PlainRunner(model), why
    own = model.config._attn_implementation
    ids = [token % model.config.get_text_config().vocab_size for token in TRIED]
    try:
        with torch.inference_mode():
            expected = model(torch.tensor([ids], device=model.device), use_cache=False).logits[0].float()
        model.set_attn_implementation(NAME)
        shape = _shape(model, ids)
        hooked = TreeRunner(model, Hooked(model), shape, tree_bytes)
        _compare(hooked, ids, expected, model.dtype)
    except Exception as error:  # noqa: BLE001 - whatever a model's own code raises, the tree is not for it
        model.set_attn_implementation(own)
        return PlainRunner(model), str(error).splitlines()[0] if str(error) else type(error).__name__
    return _flattened(model, shape, tree_bytes, ids, expected) or hooked, ""


def unsupported(model: Any) -> str:
    """Why the tree cannot serve this model, by its configuration; "" when nothing speaks against it."""
    config = model.config.get_text_config()
    if getattr(model.config, "is_encoder_decoder", False):
        return "it has an encoder and a decoder"
    if not getattr(model, "_supports_attention_backend", False):
        return "its attention cannot be replaced"
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        return f"it mixes kinds of layers ({', '.join(sorted(kinds))})"
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        return "it attends over a sliding window"
    return ""


@torch.inference_mode()
def _shape(model: Any, ids: list[int]) -> tuple[int, int, int]:
    """(layers, key-value heads, head dimension), as the layers themselves show them to the attention."""
    plan = Plan(shapes={})
    model(torch.tensor([ids], device=model.device), use_cache=False, plan=plan)
    shapes = plan.shapes or {}
    if (
        set(shapes) != set(range(len(shapes)))
        or len(set(shapes.values())) != 1
        or shapes[0][1] != shapes[0][2]
    ):
        raise ValueError("its layers keep keys and values of different shapes")
    return len(shapes), shapes[0][0], shapes[0][1]


def _flattened(
    model: Any, shape: tuple[int, int, int], tree_bytes: int, ids: list[int], expected: torch.Tensor
) -> Runner | None:
    """A runner with the flattened forward, None where the model is of another shape or the outputs differ.

    Its decode steps are native where that serves and agrees.
    """
    if flat.why_not(model):
        return None
    try:
        forward = flat.bind(model, shape[1], shape[2])
        runner = TreeRunner(model, forward, shape, tree_bytes)
        _compare(runner, ids, expected, model.dtype)
    except (ValueError, RuntimeError, AttributeError, TypeError):
        return None
    if why_not_native(forward):
        return runner
    faster = TreeRunner(model, forward, shape, tree_bytes, Weights(forward))
    try:
        _compare(faster, ids, expected, model.dtype)
    except ValueError:
        return runner
    return faster


def _compare(runner: TreeRunner, ids: list[int], expected: torch.Tensor, dtype: torch.dtype) -> None:
    """Read and decode a few tokens in every way there is. Raises ValueError where the outputs differ."""
    first = Read("probe", ids[:5], wanted=(0, 1, 2, 3, 4))
    runner.read([first])
    row = runner.open("probe", ids[:6], shared=0)
    decoded = runner.decode(torch.tensor([ids[5]], device=runner.rules.device))
    rest = Read("probe", ids, wanted=(7, 8))
    runner.read([rest])
    runner.close(row, None)
    runner.release("probe")
    assert first.outputs is not None and rest.outputs is not None
    ours = torch.cat([first.outputs, decoded, rest.outputs]).float()
    error = (ours - expected[[0, 1, 2, 3, 4, 5, 7, 8]]).abs().max().item()
    tolerance = TOLERANCE.get(dtype, HALF_TOLERANCE) * max(1.0, expected.abs().max().item())
    if not error <= tolerance:
        raise ValueError(f"its outputs differ by {error:.2g} under the tree's attention")
