"""The rows that decode, as the compiled step sees them: pointers into their slots and trunks.

Knows the step's structure for rows. Does not know what is computed; the C source says it.
"""

from __future__ import annotations

import ctypes

import numpy as np
import torch

from engine.decoding.native.build import library
from engine.decoding.native.weights import LANES, Weights
from engine.decoding.rows import Places, Row

TOGETHER = 4  # as in step.c


class _Step(ctypes.Structure):
    _fields_ = (
        ("model", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("ids", "positions", "slots", "own", "trunks", "trunk_tokens")),
        *((name, ctypes.c_void_p) for name in ("x", "h", "mixed", "attended", "scores", "logits")),
        ("scores_room", ctypes.c_int64),
    )


class NativeBatch:
    """All rows as they stand, ready for their next steps; `most_steps` until a slot is full."""

    def __init__(self, weights: Weights, places: Places):
        self._weights = weights
        rows: list[Row] = []
        pointers: list[np.ndarray] = []
        self.most_steps = 1 << 30
        for slots, members in places.classes():
            longest = max(row.own for row in members)
            slots.reserve(slots.count, longest + 1)
            self.most_steps = min(self.most_steps, slots.room - longest)
            starts = np.array([layer.data_ptr() for layer in slots.layers], np.int64)
            sizes = np.array([layer.stride(0) * layer.element_size() for layer in slots.layers], np.int64)
            pointers.append(starts + np.arange(len(members))[:, None] * sizes)
            rows += members
        self.rows, self.steps = len(rows), 0
        # What the structure points to, kept alive and counted on by each step.
        self._ids = np.zeros(self.rows, np.int64)
        self._positions = np.array([row.tokens for row in rows], np.int64)
        self._slots = np.concatenate(pointers)
        self._own = np.array([row.own for row in rows], np.int64)
        self._trunks = np.zeros((self.rows, weights.layers), np.int64)
        self._trunk_tokens = np.zeros(self.rows, np.int64)
        for i, row in enumerate(rows):
            if row.trunk is not None:
                self._trunks[i] = [keys.data_ptr() for keys in row.trunk.keys]
                self._trunk_tokens[i] = row.trunk.tokens
        room = LANES * 3 + int(self._trunk_tokens.max()) + max(slots.room for slots, _ in places.classes())
        self._scratch = self._make_scratch(room)
        self._run = library().ponder_step
        rows_of = (self._ids, self._positions, self._slots, self._own, self._trunks, self._trunk_tokens)
        pointers_to = (array.ctypes.data for array in (*rows_of, *self._scratch))
        self._step = _Step(ctypes.addressof(weights.model), self.rows, *pointers_to, None, room)

    def _make_scratch(self, room: int) -> list[np.ndarray]:
        weights = self._weights
        groups = weights.heads // weights.key_heads
        mixed = max((weights.heads + 2 * weights.key_heads) * weights.dim, weights.inner)
        sizes = (weights.width, weights.width, mixed, weights.heads * weights.dim)
        made = [np.empty((self.rows, size), np.float32) for size in sizes]
        return [*made, np.empty((weights.model.threads, TOGETHER * groups, room), np.float32)]

    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        """Feed every row its next token, [R]; the logits that follow, [R, V]."""
        self._ids[:] = tokens.numpy()
        logits = torch.empty(self.rows, self._weights.vocabulary)
        self._step.logits = logits.data_ptr()
        self._run(ctypes.byref(self._step))
        self._own += 1
        self._positions += 1
        self.steps += 1
        return logits
