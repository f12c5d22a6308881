"""Drawing tokens by the compiled sources: the draws of `engine.decoding.sampler`, without top-k and top-p.

Knows the structure of a draw. The C source says what is computed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
import torch

from engine.decoding.native.build import library
from engine.decoding.sampler import Draw, Drawn, bad_among

BLOCK = 64  # as in draw.c


class _Draw(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("threads", "branches", "vocabulary")),
        *((name, ctypes.c_void_p) for name in ("logits", "rows", "seeds", "nodes", "positions")),
        *(
            (name, ctypes.c_void_p)
            for name in ("temperatures", "weights", "tokens", "logprobs", "confidences")
        ),
    )


def serves(draws: Sequence[Draw]) -> bool:
    """Whether these draws can be made here."""
    return all(draw.top_p == 1.0 and draw.top_k == 0 for draw in draws)


class NativeSampler:
    """The draws of a fixed set of branches, step after step, from logits of `vocabulary` tokens."""

    def __init__(self, draws: Sequence[Draw], vocabulary: int):
        count, threads = len(draws), torch.get_num_threads()
        # What the structure points to, kept alive; the positions are counted on by each step.
        self._positions = np.array([draw.position for draw in draws], np.int64)
        self._kept = [
            np.array([draw.row for draw in draws], np.int64),
            np.array([draw.seed for draw in draws], np.int64),
            np.array([draw.node for draw in draws], np.int64),
            self._positions,
            np.array([draw.temperature for draw in draws], np.float32),
            np.empty(threads * (vocabulary + BLOCK), np.float32),
        ]
        self._tokens = torch.empty(count, dtype=torch.long)
        self._figures = torch.empty(2, count)  # logprobs, confidences
        self._run = library().ponder_draw
        self._draw = _Draw(
            threads, count, vocabulary, None, *(array.ctypes.data for array in self._kept),
            self._tokens.data_ptr(), self._figures[0].data_ptr(), self._figures[1].data_ptr(),
        )  # fmt: skip

    def sample(self, logits: torch.Tensor) -> Drawn:
        """Draw from logits [R, V]: temperature, then inverse CDF."""
        self._draw.logits = logits.data_ptr()
        self._run(ctypes.byref(self._draw))
        self._positions += 1
        logprobs, confidences = self._figures.tolist()
        return Drawn(self._tokens.tolist(), logprobs, confidences, bad_among(logprobs), self._tokens)
