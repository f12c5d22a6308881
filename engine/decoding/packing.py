"""What one forward pass reads: new tokens of many paths, shared prefixes once, packed into blocks.

Knows token ids, the key-value tree and the attention plan. Does not know models. Paths that leave the same
cached point are merged into one small tree of new tokens, so a prompt under sixteen chains is read once even
when none of it was cached before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from engine.decoding.attention import MIN_QUERIES, Block
from engine.decoding.key_values import KeyValueTree
from engine.decoding.slots import rounded

TOKENS_PER_FORWARD = 1024  # new tokens read at once; longer prompts are read in several forwards


@dataclass(eq=False, slots=True)
class Read:
    """A path to be read: its token ids, and the positions whose outputs are wanted (-1 is the last).

    After the forward, `outputs` [wanted, V] holds them in order and `keys_values` the whole path's.
    """

    run_id: str
    ids: Sequence[int]
    wanted: tuple[int, ...] = (-1,)
    outputs: torch.Tensor | None = None
    found: dict[int, torch.Tensor] = field(default_factory=dict)  # position -> its output [V]
    keys_values: torch.Tensor | None = None  # [2, L, K, T, D]

    def positions(self) -> list[int]:
        return [position % len(self.ids) for position in self.wanted]


@dataclass(slots=True)
class NewTokens:
    """The new tokens that continue one cached path: a tree in the order its tokens were first met."""

    run_id: str
    prefix: Sequence[int]  # the cached path
    ids: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)  # index in this block; -1 hangs on the prefix
    depths: list[int] = field(default_factory=list)  # position in the path
    reads: list[tuple[Read, list[int]]] = field(default_factory=list)  # with the index of each new token
    _at: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, read: Read, ids: Sequence[int]) -> None:
        at, indices = -1, []
        for token in ids:
            key = (at, token)
            if key not in self._at:
                self._at[key] = len(self.ids)
                self.ids.append(token)
                self.parents.append(at)
                self.depths.append(len(self.prefix) + len(indices))
            at = self._at[key]
            indices.append(at)
        self.reads.append((read, indices))


def pack(tree: KeyValueTree, reads: Iterable[Read], limit: int = TOKENS_PER_FORWARD) -> list[NewTokens]:
    """Put as many reads into one forward as `limit` new tokens allow; the first always gets a part."""
    blocks: dict[tuple[str, tuple[int, ...]], NewTokens] = {}
    total = 0
    for read in reads:
        if total >= limit:
            break
        missing = [position for position in read.positions() if position not in read.found]
        start = min([tree.match(read.run_id, read.ids).cached, len(read.ids) - 1, *missing])
        prefix = tuple(read.ids[:start])
        block = blocks.setdefault((read.run_id, prefix), NewTokens(read.run_id, prefix))
        before = len(block.ids)
        block.add(read, read.ids[start : start + limit - total])
        total += len(block.ids) - before
    return list(blocks.values())


def block_of(new: NewTokens, start: int, keys_values: torch.Tensor) -> Block:
    """The attention plan of one block, whose keys and values [2, L, K, N, D] already hold the prefix."""
    cached, tokens, length = len(new.prefix), len(new.ids), keys_values.shape[-2]
    sees = np.zeros((rounded(tokens, MIN_QUERIES), length), dtype=bool)
    sees[:, :cached] = True
    if new.parents == list(range(-1, tokens - 1)):  # one chain: plain causal
        sees[:tokens, cached : cached + tokens] = np.tri(tokens, dtype=bool)
    else:
        for i, parent in enumerate(new.parents):
            if parent >= 0:
                sees[i] = sees[parent]
            sees[i, cached + i] = True
    sees[tokens:, 0] = True  # padding must attend to something
    mask = torch.zeros(sees.shape, dtype=keys_values.dtype, device=keys_values.device)
    mask.masked_fill_(torch.from_numpy(~sees).to(mask.device), float("-inf"))
    return Block(start, tokens, cached, keys_values, mask)
