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

from engine.training.examples import Example, Segment
from engine.training.tokenizer import PAD_ID

IGNORED = -100  # labels that the loss skips
POOL = 2048  # examples sorted by length together
MAX_EXAMPLE_TOKENS = 512
LENGTH_MULTIPLE = 16  # few different shapes: each one costs the kernels a set-up and memory of its own
LEARNED_MULTIPLE = 512

PARTS = 4  # batches a step, where nothing else is said

Batch = tuple[torch.Tensor, torch.Tensor]  # ids (B, T), labels (B, T)
Step = list[Batch]


class Batches(IterableDataset):
    """An endless stream of steps of about `tokens` padded tokens, starting at pool `start`.

    A step is `parts` batches. The rows of a batch are alike in length, so little is padding; the batches of a
    step lie evenly over all lengths, so that every step sees every family and format in its share: with
    steps of one length each, a model forgets between them. The number of rows follows from their length, so
    there are few shapes.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        example: Callable[[random.Random], Example],
        tokens: int,
        seed: int,
        start: int = 0,
        parts: int = PARTS,
    ):
        self.tokenizer, self.example = tokenizer, example
        self.tokens, self.parts, self.seed, self.start = tokens // parts, parts, seed, start

    def __iter__(self) -> Iterator[tuple[int, Step]]:
        """Yields (the pool to resume at after this step, the step's batches)."""
        torch.set_num_threads(1)
        pool = self.start
        while True:
            steps = self._pool(pool)
            pool += 1
            for i, step in enumerate(steps):
                yield (pool if i == len(steps) - 1 else pool - 1), step

    def _pool(self, number: int) -> list[Step]:
        rng = random.Random(f"{self.seed}:{number}")
        rows = [rows_of(self.tokenizer, self.example(rng)) for _ in range(POOL)]
        rows = sorted(
            (row for row in rows if len(row[0]) <= MAX_EXAMPLE_TOKENS), key=lambda row: -len(row[0])
        )
        batches: list[Batch] = []
        while rows:
            length = len(rows[0][0]) + -len(rows[0][0]) % LENGTH_MULTIPLE
            count = max(1, self.tokens // length)
            batches.append(_batch(rows[:count], count, length, PAD_ID))
            rows = rows[count:]
        count = -(-len(batches) // self.parts)
        steps = [batches[i::count] for i in range(count)]
        rng.shuffle(steps)
        return steps


def rows_of(tokenizer: PreTrainedTokenizerFast, example: Example) -> tuple[list[int], list[int]]:
    """Token ids and labels of one example, equally long."""
    ids: list[int] = []
    labels: list[int] = []
    for segment in example:
        encoded = tokenizer(segment.text, add_special_tokens=False, return_offsets_mapping=True)
        ids += encoded.input_ids
        labels += encoded.input_ids if segment.is_learned else _verdicts(segment, encoded.offset_mapping)
    return ids, labels


def _verdicts(segment: Segment, places: list[tuple[int, int]]) -> list[int]:
    """What is known at the last character of each token of a segment."""
    known = [segment.by_character[end - 1] if end <= len(segment.by_character) else None for _, end in places]
    if segment.verdict is not None:
        known[-1] = segment.verdict
    return [IGNORED if verdict is None else verdict for verdict in known]


def _batch(rows: list[tuple[list[int], list[int]]], count: int, length: int, pad: int) -> Batch:
    """`count` rows of `length` tokens, padded on the right; the last rows of a pool may be all padding."""
    ids = torch.full((count, length), pad)
    labels = torch.full((count, length), IGNORED)
    for row, (row_ids, row_labels) in enumerate(rows):
        ids[row, : len(row_ids)] = torch.tensor(row_ids)
        labels[row, : len(row_labels)] = torch.tensor(row_labels)
    return ids, labels


def learned(labels: torch.Tensor, states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The labelled positions of labels (B, T), states (B, T, hidden), as states (N, hidden), labels (N,).

    N is rounded up with ignored labels, so that the product that follows has one of few shapes.
    """
    flat = labels.flatten()
    places = (flat != IGNORED).nonzero()[:, 0]
    rest = -len(places) % LEARNED_MULTIPLE
    places = torch.nn.functional.pad(places, (0, rest))
    targets = flat[places]
    targets[len(targets) - rest :] = IGNORED
    return states.flatten(0, 1)[places], targets


def loader(batches: Batches) -> Iterator[tuple[int, Step]]:
    """The stream, made in one worker process a few steps ahead."""
    return iter(DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=8))
