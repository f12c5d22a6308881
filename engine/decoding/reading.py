"""One pass that reads new stretches of paths: many at once, whatever they continue.

Knows blocks, the tree, trunks, plans and a forward. Keeps nothing: outputs go to the reads, keys and values
to the tree. Blocks of alike shape lie in one tensor of slots made for the pass.

Shapes: n blocks of t tokens (padded) in slots of s tokens; G query heads a key-value head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.decoding import planning
from engine.decoding.attention import Plan
from engine.decoding.forwards import Forward
from engine.decoding.key_values import KeyValueTree
from engine.decoding.packing import Block, wanted
from engine.decoding.planning import Rules
from engine.decoding.rows import Row
from engine.decoding.slots import Slots
from engine.decoding.trunks import Trunks

TOKEN_MULTIPLE = 16  # tokens a block is padded to, so that blocks of alike length share a group


@dataclass(slots=True)
class Lane:
    """A block on its way through the pass. `row` stands for the cached path that it continues."""

    block: Block
    row: Row
    start: int = 0  # among the packed tokens
    slots: Slots | None = None
    slot: int = 0


def read_blocks(
    blocks: Sequence[Block],
    tree: KeyValueTree,
    trunks: Trunks,
    forward: Forward,
    rules: Rules,
    shape: tuple[int, int, int],
) -> None:
    """Read the blocks, give their reads the wanted outputs, and store the keys and values."""
    lanes: list[Lane] = []
    for block in blocks:
        before = block.path[: block.start]
        trunk = trunks.take(block.run_id, before, block.reads[0].shared)
        lanes.append(Lane(block, Row(block.run_id, block.start, block.start, trunk)))
    groups: dict[tuple[int, int], list[Lane]] = {}
    for lane in lanes:
        padded = -(-lane.block.tokens // TOKEN_MULTIPLE) * TOKEN_MULTIPLE
        groups.setdefault((padded, rules.length(lane.row.own + padded)), []).append(lane)
    plan, ids, positions = Plan(query_multiple=rules.query_multiple), [], []
    for (padded, length), members in groups.items():
        slots = Slots(*shape, rules.dtype, rules.device)
        slots.reserve(len(members), length)
        first = len(ids)
        for lane in members:
            block, row = lane.block, lane.row
            before = block.start - row.own
            pieces = tree.pieces(block.run_id, block.path[: block.start], before) if row.own else []
            lane.slots, lane.slot, lane.start = slots, slots.open(pieces, length), len(ids)
            ids += [*block.path[block.start :], *[0] * (padded - block.tokens)]
            positions += [*range(block.start, block.end), *[block.start] * (padded - block.tokens)]
        rows = [lane.row for lane in members]
        plan.groups.append(planning.group(slots, rows, length, padded, rules, first))
    places = wanted(blocks, [lane.start for lane in lanes])
    outputs = forward(
        rules.long(rules.pad(ids)), rules.long(rules.pad(positions)), plan, rules.long(rules.pad([*places]))
    )
    for takers, output in zip(places.values(), outputs, strict=False):
        for read, position in takers:
            read.found[position] = output
    for lane in lanes:
        assert lane.slots is not None
        own = lane.row.own
        fresh = lane.slots.read(lane.slot, own, own + lane.block.tokens)
        tree.insert(lane.block.run_id, lane.block.path, lane.block.start, fresh)
        trunks.give_back(lane.row.trunk)
