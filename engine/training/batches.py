"""Examples as batches of token ids: similar lengths together, so that little is padding.

Pool `k` of batches is a pure function of (seed, k), so a resumed training reads exactly what an
uninterrupted one would have. A worker process makes the data off the critical path.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import torch
from torch.utils.data import DataLoader, IterableDataset
from transformers import PreTrainedTokenizerFast

from engine.training.examples import Example

IGNORED = -100  # labels that the loss skips
POOL = 640  # examples sorted by length together
MAX_EXAMPLE_TOKENS = 512
LENGTH_MULTIPLE = 8  # few different shapes: each one costs the kernels a set-up and memory of its own

Batch = tuple[torch.Tensor, torch.Tensor]  # ids (B, T), labels (B, T)


class Batches(IterableDataset):
    """An endless stream of batches of at most `tokens` padded tokens, starting at pool `start`."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        example: Callable[[random.Random], Example],
        tokens: int,
        seed: int,
        start: int = 0,
    ):
        self.tokenizer, self.example = tokenizer, example
        self.tokens, self.seed, self.start = tokens, seed, start

    def __iter__(self) -> Iterator[tuple[int, Batch]]:
        """Yields (the pool to resume at after this batch, batch)."""
        torch.set_num_threads(1)
        pool = self.start
        while True:
            batches = self._pool(pool)
            pool += 1
            for i, batch in enumerate(batches):
                yield (pool if i == len(batches) - 1 else pool - 1), batch

    def _pool(self, number: int) -> list[Batch]:
        rng = random.Random(f"{self.seed}:{number}")
        rows = [rows_of(self.tokenizer, self.example(rng)) for _ in range(POOL)]
        rows = sorted((row for row in rows if len(row[0]) <= MAX_EXAMPLE_TOKENS), key=lambda row: len(row[0]))
        batches, start = [], 0
        for end in range(1, len(rows) + 1):
            is_last = end == len(rows)
            if is_last or (end + 1 - start) * (len(rows[end][0]) + LENGTH_MULTIPLE) > self.tokens:
                batches.append(_pad(rows[start:end], self.tokenizer.pad_token_id or 0))
                start = end
        rng.shuffle(batches)
        return batches


def rows_of(tokenizer: PreTrainedTokenizerFast, example: Example) -> tuple[list[int], list[int]]:
    """Token ids and labels of one example, equally long."""
    ids: list[int] = []
    labels: list[int] = []
    for segment in example:
        part = tokenizer.encode(segment.text, add_special_tokens=False)
        ids += part
        labels += part if segment.is_learned else [IGNORED] * len(part)
        if segment.verdict is not None:
            labels[-1] = segment.verdict
    return ids, labels


def _pad(rows: list[tuple[list[int], list[int]]], pad: int) -> Batch:
    longest = max(len(ids) for ids, _ in rows)
    longest += -longest % LENGTH_MULTIPLE
    ids = torch.tensor([r + [pad] * (longest - len(r)) for r, _ in rows])
    labels = torch.tensor([r + [IGNORED] * (longest - len(r)) for _, r in rows])
    return ids, labels


def loader(batches: Batches) -> Iterator[tuple[int, Batch]]:
    """The stream, made in one worker process a few batches ahead."""
    return iter(DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=8))
