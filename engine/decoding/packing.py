"""What a pass over new paths reads: shared prefixes once, every stretch without a branch as one block.

Knows token ids and the key-value tree. Does not know models or attention. Paths are read pass by pass: in
each, of all paths that go on with the same token at the same place only the common stretch is read, so
sixteen chains under one prompt read it once, and each chain once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from engine.decoding.key_values import KeyValueTree

LONGEST_BLOCK = 512  # tokens; longer stretches are read in several passes
TOKENS_PER_PASS = 2048


@dataclass(eq=False, slots=True)
class Read:
    """A path to be read: its token ids, and the positions whose outputs are wanted (-1 is the last).

    `shared` tokens are the run's prompt. After the reading, `outputs` [wanted, V] holds them in order.
    """

    run_id: str
    ids: Sequence[int]
    wanted: tuple[int, ...] = (-1,)
    shared: int = 0
    outputs: torch.Tensor | None = None
    found: dict[int, torch.Tensor] = field(default_factory=dict)  # position -> its output [V]

    def positions(self) -> list[int]:
        return [position % len(self.ids) for position in self.wanted]

    def missing(self) -> list[int]:
        return [position for position in self.positions() if position not in self.found]

    def start(self, tree: KeyValueTree) -> int:
        """The first token that must be read: one that is not cached, or whose output is wanted."""
        return min([tree.match(self.run_id, self.ids).cached, *self.missing()])

    def finish(self) -> None:
        self.outputs = (
            torch.stack([self.found[position] for position in self.positions()]) if self.wanted else None
        )


@dataclass(slots=True)
class Block:
    """New tokens in a row: `ids[start:end]` of each of its reads, whose paths are equal up to there."""

    reads: list[Read]
    start: int
    end: int

    @property
    def run_id(self) -> str:
        return self.reads[0].run_id

    @property
    def path(self) -> Sequence[int]:
        return self.reads[0].ids[: self.end]

    @property
    def tokens(self) -> int:
        return self.end - self.start


def blocks_of(tree: KeyValueTree, reads: Sequence[Read], limit: int = TOKENS_PER_PASS) -> list[Block]:
    """The blocks of the next pass, of `limit` tokens together or one longer one; empty when all is read."""
    groups: dict[tuple[str, tuple[int, ...]], list[Read]] = {}
    for read in reads:
        start = read.start(tree)
        if start < len(read.ids):
            groups.setdefault((read.run_id, tuple(read.ids[: start + 1])), []).append(read)
    blocks: list[Block] = []
    left = limit
    for (_, path), members in groups.items():
        start = len(path) - 1
        end = min(common_length([read.ids for read in members], start), start + LONGEST_BLOCK)
        if blocks and end - start > left:
            break
        blocks.append(Block(members, start, end))
        left -= end - start
    return blocks


def wanted(blocks: Sequence[Block], starts: Sequence[int]) -> dict[int, list[tuple[Read, int]]]:
    """Packed tokens whose outputs are wanted, each once, with every read and position that it is for.

    Each block lies from its start on among the packed tokens.
    """
    found: dict[int, list[tuple[Read, int]]] = {}
    for block, first in zip(blocks, starts, strict=True):
        for read in block.reads:
            for position in read.missing():
                if block.start <= position < block.end:
                    found.setdefault(first + position - block.start, []).append((read, position))
    return found


def common_length(paths: Sequence[Sequence[int]], start: int) -> int:
    """How many first tokens all of the paths have in common, given that the first `start` are."""
    first = paths[0]
    end = min(len(path) for path in paths)
    for at in range(start, end):
        if any(path[at] != first[at] for path in paths[1:]):
            return at
    return end
