"""What one forward pass reads: new tokens of many paths, shared prefixes once, packed into blocks.

Knows token ids, the key-value tree and the attention plan. Does not know models. Paths that leave the same
cached point are merged into one small tree of new tokens, so a prompt under sixteen chains is read once even
when none of it was cached before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch

from engine.decoding.attention import MIN_QUERIES, Block, Chain
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
    cached, device, dtype = len(new.prefix), keys_values.device, keys_values.dtype
    chains: list[Chain] = []
    met = 0  # tokens of the block that a chain holds already
    for _, indices in new.reads:
        ends = 1 + max(indices)
        if ends <= met:  # nothing in it is new: an earlier path goes through all of it
            continue
        fresh, length = ends - met, rounded(cached + len(indices))
        keys = None
        if len(indices) < ends:  # other paths' tokens lie between this one's
            order = [*range(cached), *(cached + index for index in indices)]
            keys = torch.tensor(order + [0] * (length - len(order)), device=device)
        # Token i of the chain is the path's token `before + i`, and sees the path up to itself.
        before = cached + len(indices) - fresh
        places = before + torch.arange(-(-fresh // MIN_QUERIES) * MIN_QUERIES, device=device)
        mask = torch.zeros(len(places), length, dtype=dtype, device=device)
        mask.masked_fill_(torch.arange(length, device=device) > places[:, None], float("-inf"))
        chains.append(Chain(met, fresh, keys, mask))
        met = ends
    return Block(start, len(new.ids), cached, keys_values, chains)
