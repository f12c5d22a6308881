"""The plain path, for models the key-value tree cannot serve: sliding windows, state-space, hybrid layers.

Knows a Hugging Face model and its own kind of cache. Every branch reads its path once when it starts
(branches that start together share that reading), keeps a cache of its own and decodes alone; nothing is
kept for later branches. A model that gives no cache back is re-read whole for each token. Slow, and right:
all of attention and caching is the model's own code.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch

from engine.decoding.key_values import Match
from engine.decoding.packing import Read
from engine.decoding.runner import Row


class PlainRunner:
    """The methods of `engine.decoding.runner.Runner`, by plain forwards of the unmodified model."""

    name = "plain"

    def __init__(self, model: Any):
        self._model = model

    def match(self, run_id: str, ids: Sequence[int]) -> Match:
        return Match(0, 0)

    @torch.inference_mode()
    def forward(self, rows: Sequence[Row], reads: Sequence[Read]) -> torch.Tensor:
        logits = [self._decode(row) for row in rows]
        for read in reads:
            output = self._model(self._ids(read.ids), use_cache=True)
            read.outputs = output.logits[0, read.positions()]
            read.keys_values = getattr(output, "past_key_values", None)
        return torch.stack(logits) if logits else torch.empty(0, device=self._model.device)

    def _decode(self, row: Row) -> torch.Tensor:
        if row.cache is None:
            return self._model(self._ids(row.ids), use_cache=False).logits[0, -1]
        output = self._model(self._ids(row.ids[-1:]), past_key_values=row.cache, use_cache=True)
        row.cache = output.past_key_values
        return output.logits[0, -1]

    def open(self, read: Read, token: int) -> Row:
        return Row(read.run_id, [*read.ids, token], cache=copy.deepcopy(read.keys_values))

    def close(self, row: Row, *, keep: bool) -> None:
        row.cache = None

    def free(self) -> None:
        return None

    def release(self, run_id: str) -> None:
        return None

    def _ids(self, ids: Sequence[int]) -> torch.Tensor:
        return torch.tensor([list(ids)], device=self._model.device)
