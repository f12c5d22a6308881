"""The structure that a call of the compiled step takes, with its scratch.

Knows how the C source names things. Does not know rows, reads or trees.
"""

from __future__ import annotations

import ctypes

import numpy as np
import torch

from engine.decoding.native.build import library
from engine.decoding.native.weights import LANES, Weights
from engine.decoding.trunks import Trunk

TOGETHER = 4  # as in step.c


class _Step(ctypes.Structure):
    _fields_ = (
        ("model", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("ids", "positions", "slots", "own", "trunks", "trunk_tokens")),
        ("wanted", ctypes.c_void_p),
        ("wanted_rows", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("x", "h", "mixed", "attended", "scores", "logits")),
        ("scores_room", ctypes.c_int64),
    )


class Step:
    """Rows [R] of a step: the next token of each, its position, its slot in every layer and its trunk.

    The arrays may be changed between calls of `run`; no slot may ever hold more than `longest` tokens.
    """

    def __init__(
        self,
        weights: Weights,
        ids: np.ndarray,  # [R]
        positions: np.ndarray,  # [R]
        slots: np.ndarray,  # [R, layers], addresses
        own: np.ndarray,  # [R], tokens in the slot before this one
        trunks: list[Trunk | None],
        longest: int,
    ):
        rows = len(ids)
        self.ids, self.positions, self.own = ids, positions, own
        self._slots, self._vocabulary = slots, weights.vocabulary
        self._trunks = np.zeros((rows, weights.layers), np.int64)
        self._trunk_tokens = np.zeros(rows, np.int64)
        for i, trunk in enumerate(trunks):
            if trunk is not None:
                self._trunks[i] = trunk.addresses
                self._trunk_tokens[i] = trunk.tokens
        mixed = max((weights.heads + 2 * weights.key_heads) * weights.dim, weights.inner)
        sizes = [(rows, size) for size in (weights.width, weights.width, mixed, weights.heads * weights.dim)]
        room = longest + int(self._trunk_tokens.max(initial=0)) + 3 * LANES
        room += -room % LANES
        scores = (weights.model.threads, TOGETHER * weights.groups, room)
        self._scratch = [np.empty(shape, np.float32) for shape in (*sizes, scores)]
        arrays = (ids, positions, slots, own, self._trunks, self._trunk_tokens)
        self._step = _Step(
            ctypes.addressof(weights.model), rows, *(array.ctypes.data for array in arrays), None, 0,
            *(array.ctypes.data for array in self._scratch), None, room,
        )  # fmt: skip
        self._run = library().ponder_step

    def run(self, wanted: np.ndarray | None = None) -> torch.Tensor:
        """Take the step; the logits [wanted, V] of those rows, each named once, of all of them by default."""
        rows = self._step.rows if wanted is None else len(wanted)
        assert rows <= self._step.rows, "a row was asked for twice"  # the scratch has no room for it
        logits = torch.empty(rows, self._vocabulary)
        self._step.wanted, self._step.wanted_rows = None if wanted is None else wanted.ctypes.data, rows
        self._step.logits = logits.data_ptr()
        self._run(ctypes.byref(self._step))
        return logits
