"""New stretches of paths read by the compiled step: every new token is a row, in its path's slot.

Knows blocks, the tree and trunks. Keeps nothing: outputs go to the reads, keys and values to the tree.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

import numpy as np
import torch

from engine.decoding.key_values import KeyValueTree
from engine.decoding.native.step import Step
from engine.decoding.native.weights import Weights
from engine.decoding.packing import Block, wanted
from engine.decoding.trunks import Trunks


def read_blocks(blocks: Sequence[Block], tree: KeyValueTree, trunks: Trunks, weights: Weights) -> None:
    """Read the blocks, give their reads the wanted outputs, and store the keys and values."""
    taken = [trunks.take(block.run_id, block.path[: block.start], block.reads[0].shared) for block in blocks]
    aboves = [trunk.tokens if trunk else 0 for trunk in taken]
    ends = list(itertools.accumulate(block.end - above for block, above in zip(blocks, aboves, strict=True)))
    # The slots of all blocks, one after another.
    held = torch.empty(weights.layers, ends[-1], 2, weights.key_heads, weights.dim)
    layers = held.data_ptr() + np.arange(weights.layers) * held.stride(0) * held.element_size()
    ids, positions, own, slots, owners = [], [], [], [], []
    for block, trunk, above, end in zip(blocks, taken, aboves, ends, strict=True):
        start = end - (block.end - above)
        if block.start > above:
            for at, keys_values in tree.pieces(block.run_id, block.path[: block.start], above):
                held[:, start + at : start + at + keys_values.shape[1]] = keys_values
        ids += block.path[block.start :]
        positions += range(block.start, block.end)
        own += range(block.start - above, block.end - above)
        slots += [layers + start * held.stride(1) * held.element_size()] * block.tokens
        owners += [trunk] * block.tokens
    array = functools.partial(np.array, dtype=np.int64)
    step = Step(weights, array(ids), array(positions), array(slots), array(own), owners, max(own) + 1)
    places = wanted(blocks, [0, *itertools.accumulate(block.tokens for block in blocks)][:-1])
    for takers, output in zip(places.values(), step.run(np.array([*places], np.int64)), strict=True):
        for read, position in takers:
            read.found[position] = output
    for block, trunk, end in zip(blocks, taken, ends, strict=True):
        fresh = held[:, end - block.tokens : end].clone()
        tree.insert(block.run_id, block.path, block.start, fresh)
        trunks.give_back(trunk)
