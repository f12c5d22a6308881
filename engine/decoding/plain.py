"""The plain path, for models the key-value tree cannot serve: sliding windows, state-space, hybrid layers.

Knows a Hugging Face model and its own kind of cache. Every row reads its path once when it is opened
(branches that start together share a row until they part), keeps a cache of its own and decodes alone;
nothing is kept for later rows. A model that gives no cache back is re-read whole for each token. Slow, and
right: all of attention and caching is the model's own code.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch

from engine.decoding.key_values import Match
from engine.decoding.packing import Read
from engine.decoding.rows import Row
from engine.decoding.sampler import Draw, Sampler


class PlainRunner:
    """The methods of `engine.decoding.runner.Runner`, by plain forwards of the unmodified model."""

    name = "plain"

    def __init__(self, model: Any):
        self.rows: list[Row] = []
        self._model = model

    def match(self, run_id: str, ids: Sequence[int]) -> Match:
        return Match(0, 0)

    @torch.inference_mode()
    def read(self, reads: Sequence[Read]) -> None:
        for read in reads:
            if read.wanted:
                read.outputs = self._model(self._ids(read.ids), use_cache=False).logits[0, read.positions()]

    @torch.inference_mode()
    def open(self, run_id: str, ids: Sequence[int], shared: int) -> Row:
        row = Row(run_id, len(ids) - 1, 0, ids=list(ids[:-1]))
        if row.ids:
            output = self._model(self._ids(row.ids), use_cache=True)
            row.cache = getattr(output, "past_key_values", None)
        self.rows.append(row)
        return row

    def fork(self, row: Row, count: int) -> list[Row]:
        twins = [
            Row(row.run_id, row.tokens, 0, ids=list(row.ids), cache=copy.deepcopy(row.cache))
            for _ in range(count)
        ]
        self.rows += twins
        return twins

    @torch.inference_mode()
    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        return torch.stack(
            [self._decode(row, int(t)) for row, t in zip(self.rows, tokens.tolist(), strict=True)]
        )

    def _decode(self, row: Row, token: int) -> torch.Tensor:
        row.ids.append(token)
        row.tokens += 1
        if row.cache is None:
            output = self._model(self._ids(row.ids), use_cache=len(row.ids) == 1)
            row.cache = getattr(output, "past_key_values", None) if len(row.ids) == 1 else None
        else:
            output = self._model(self._ids([token]), past_key_values=row.cache, use_cache=True)
            row.cache = output.past_key_values
        return output.logits[0, -1]

    def sampler(self, draws: Sequence[Draw]) -> Sampler:
        return Sampler(draws, self._model.device)

    def close(self, row: Row, ids: Sequence[int] | None) -> None:
        self.rows.remove(row)
        row.cache = None

    def trim(self) -> None:
        return None

    def free(self) -> None:
        return None

    def release(self, run_id: str) -> None:
        return None

    def _ids(self, ids: Sequence[int]) -> torch.Tensor:
        return torch.tensor([list(ids)], device=self._model.device)
