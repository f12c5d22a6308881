"""The rows that decode, as the compiled step sees them.

Knows rows and their slots. Does not know what is computed; the C source says it.
"""

from __future__ import annotations

import numpy as np
import torch

from engine.decoding.native.step import Step
from engine.decoding.native.weights import Weights
from engine.decoding.rows import Places, Row


class NativeBatch:
    """All rows as they stand, ready for their next steps; `most_steps` until a slot is full."""

    def __init__(self, weights: Weights, places: Places):
        rows: list[Row] = []
        addresses: list[np.ndarray] = []
        self.most_steps = 1 << 30
        for slots, members in places.classes():
            longest = max(row.own for row in members)
            slots.reserve(slots.count, longest + 1)
            self.most_steps = min(self.most_steps, slots.room - longest)
            starts = np.array([layer.data_ptr() for layer in slots.layers], np.int64)
            sizes = np.array([layer.stride(0) * layer.element_size() for layer in slots.layers], np.int64)
            addresses.append(starts + np.arange(len(members))[:, None] * sizes)
            rows += members
        self.rows, self.steps = len(rows), 0
        self._step = Step(
            weights,
            np.zeros(self.rows, np.int64),
            np.array([row.tokens for row in rows], np.int64),
            np.concatenate(addresses),
            np.array([row.own for row in rows], np.int64),
            [row.trunk for row in rows],
            max(slots.room for slots, _ in places.classes()),
        )

    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        """Feed every row its next token, [R]; the logits that follow, [R, V]."""
        step = self._step
        step.ids[:] = tokens.numpy()
        logits = step.run()
        step.own += 1
        step.positions += 1
        self.steps += 1
        return logits
