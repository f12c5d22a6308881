"""Which runner serves a model: the key-value tree where it can, the plain path where it cannot.

Knows both runners. Does not know where models come from.
"""

from __future__ import annotations

from typing import Any

from engine.decoding.plain import PlainRunner
from engine.decoding.runner import Runner, TreeRunner, probe, unsupported


def runner_for(model: Any, tree_bytes: int) -> tuple[Runner, str]:
    """The runner, and why it is the plain one; "" where it is not.

    `tree_bytes` bounds the keys and values kept for later branches.
    """
    why = unsupported(model)
    shapes: dict[int, tuple[int, int, int]] = {}
    if not why:
        shapes, why = probe(model)
    return (PlainRunner(model), why) if why else (TreeRunner(model, shapes, tree_bytes), "")
