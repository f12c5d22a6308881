"""Runs a model over the key-value tree: one forward decodes every row; another reads new paths.

Keeps the rows that decode. Does not know text, nodes, sampling or stop rules, or how a model computes
(`engine.decoding.forwards`, `engine.decoding.flat`). `engine.decoding.plain` serves the models this one
cannot, behind the same methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from engine.decoding.forwards import Forward
from engine.decoding.key_values import KeyValueTree, Match
from engine.decoding.native import reading as native
from engine.decoding.native.batch import NativeBatch
from engine.decoding.native.drawing import NativeSampler, serves
from engine.decoding.native.weights import Weights
from engine.decoding.packing import Read, blocks_of
from engine.decoding.planning import Batch, batch_of, rules_for
from engine.decoding.reading import read_blocks
from engine.decoding.rows import Places, Row
from engine.decoding.sampler import Draw, Sampler
from engine.decoding.trunks import Trunks


class Runner(Protocol):
    """What the local backend and the scorers ask of a model."""

    name: str

    @property
    def rows(self) -> list[Row]:
        """The open rows in the order of what the next `decode` takes and gives.

        It may change whenever a row is opened, forked or closed, and after a `decode`.
        """
        ...

    def match(self, run_id: str, ids: Sequence[int]) -> Match:
        """How much of the path the run has read before."""
        ...

    def read(self, reads: Sequence[Read]) -> None:
        """Read new paths and give each its wanted outputs; what was read is kept until `trim`."""
        ...

    def open(self, run_id: str, ids: Sequence[int], shared: int) -> Row:
        """A row whose next fed token is the last of `ids`; the others must have been read just before.

        The first `shared` are the run's prompt, which its rows attend to together.
        """
        ...

    def fork(self, row: Row, count: int) -> list[Row]:
        """`count` more rows with the path of `row`."""
        ...

    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        """Feed every row its next token, [R]; returns the logits that follow, [R, V]."""
        ...

    def sampler(self, draws: Sequence[Draw]) -> Sampler | NativeSampler:
        """What draws tokens from the logits that `decode` gives."""
        ...

    def close(self, row: Row, ids: Sequence[int] | None) -> None:
        """End a row; with its path's `ids`, what it has read is kept for later rows."""
        ...

    def trim(self) -> None:
        """Keep no more for later rows than the memory set aside for it."""
        ...

    def free(self) -> None:
        """Give back all that can be read again: the answer to a device that is out of memory."""
        ...

    def release(self, run_id: str) -> None:
        """Forget what was kept for the run. Its open rows must be closed first."""
        ...


class TreeRunner:
    """The key-value tree under a model; `shape` is (layers, key-value heads, head dimension).

    With `native_weights`, decoding and reading are its one call, and `forward` is not used.
    """

    def __init__(
        self,
        model: Any,
        forward: Forward,
        shape: tuple[int, int, int],
        tree_bytes: int,
        native_weights: Weights | None = None,
    ):
        self.name = "key-value tree, native steps" if native_weights else forward.name
        self._native = native_weights
        self.tree = KeyValueTree(tree_bytes)
        self.rules = rules_for(model, shape)
        self.forward = forward
        self.shape = shape
        self._trunks = Trunks(self.tree)
        self._places = Places(shape, self.rules.dtype, self.rules.device)
        self._batch: Batch | NativeBatch | None = None  # None once the rows have changed

    @property
    def rows(self) -> list[Row]:
        return [row for _, rows in self._places.classes() for row in rows]

    @property
    def bytes_per_token(self) -> int:
        layers, heads, dim = self.shape
        return 2 * layers * heads * dim * self.rules.dtype.itemsize

    @property
    def bytes(self) -> int:
        """Memory of all keys and values held."""
        return self.tree.bytes + self._trunks.bytes + self._places.bytes

    def match(self, run_id: str, ids: Sequence[int]) -> Match:
        return self.tree.match(run_id, ids)

    @torch.inference_mode()
    def read(self, reads: Sequence[Read]) -> None:
        while blocks := blocks_of(self.tree, reads):
            if self._native:
                native.read_blocks(blocks, self.tree, self._trunks, self._native)
            else:
                read_blocks(blocks, self.tree, self._trunks, self.forward, self.rules, self.shape)
        for read in reads:
            read.finish()

    @torch.inference_mode()
    def open(self, run_id: str, ids: Sequence[int], shared: int) -> Row:
        self._settle()
        path = ids[:-1]
        row = Row(run_id, len(path), len(path), self._trunks.take(run_id, path, shared))
        self._places.put(row, self.tree.pieces(run_id, path, len(path) - row.own) if row.own else [])
        return row

    @torch.inference_mode()
    def fork(self, row: Row, count: int) -> list[Row]:
        self._settle()
        return self._places.twin(row, count)

    @torch.inference_mode()
    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        if self._batch is None:
            self._batch = (
                NativeBatch(self._native, self._places)
                if self._native
                else batch_of(self.forward, self._places, self.rules)
            )
        batch = self._batch
        logits = batch.decode(tokens)
        if batch.steps == batch.most_steps:
            self._settle()
            self._places.move_outgrown()
        return logits

    def sampler(self, draws: Sequence[Draw]) -> Sampler | NativeSampler:
        if self._native and serves(draws):
            return NativeSampler(draws, self._native.vocabulary)
        return Sampler(draws, self.rules.device)

    @torch.inference_mode()
    def close(self, row: Row, ids: Sequence[int] | None) -> None:
        self._settle()
        if ids is not None and row.tokens > row.opened:
            start = row.opened - (row.tokens - row.own)
            self.tree.insert(row.run_id, ids[: row.tokens], row.opened, self._places.take(row, start))
        self._places.clear(row)
        self._trunks.give_back(row.trunk)

    def trim(self) -> None:
        self.tree.trim()

    def free(self) -> None:
        self.tree.evict()

    def release(self, run_id: str) -> None:
        self.tree.release(run_id)

    def _settle(self) -> None:
        """The rows are about to change: note how far they have come."""
        if self._batch is not None:
            for row in self.rows:
                row.tokens += self._batch.steps
            self._batch = None
