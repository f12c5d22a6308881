"""New stretches of paths read by the compiled step: every new token is a row, in its path's slot.

Knows blocks, the tree and trunks. Keeps nothing: outputs go to the reads, keys and values to the tree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from engine.decoding.key_values import KeyValueTree
from engine.decoding.native.step import Step
from engine.decoding.native.weights import LANES, Weights
from engine.decoding.packing import Block, wanted
from engine.decoding.trunks import Trunks


def read_blocks(blocks: Sequence[Block], tree: KeyValueTree, trunks: Trunks, weights: Weights) -> None:
    """Read the blocks, give their reads the wanted outputs, and store the keys and values."""
    taken = [trunks.take(b.run_id, b.path[: b.start], b.reads[0].shared) for b in blocks]
    befores = [b.start - (trunk.tokens if trunk else 0) for b, trunk in zip(blocks, taken, strict=True)]
    ends = np.cumsum([before + block.tokens for before, block in zip(befores, blocks, strict=True)])
    shape = (weights.layers, int(ends[-1]), 2, weights.key_heads, weights.dim)
    held = torch.empty(shape)  # the slots of all blocks, one after another
    layer_starts = held.data_ptr() + np.arange(weights.layers) * held.stride(0) * held.element_size()
    ids, positions, own, slots, owners = [], [], [], [], []
    for block, trunk, before, end in zip(blocks, taken, befores, ends, strict=True):
        start = int(end) - before - block.tokens
        if before:
            for at, keys_values in tree.pieces(block.run_id, block.path[: block.start], block.start - before):
                held[:, start + at : start + at + keys_values.shape[1]] = keys_values
        ids += block.path[block.start :]
        positions += range(block.start, block.end)
        own += range(before, before + block.tokens)
        address = layer_starts + start * held.stride(1) * held.element_size()
        slots.append(np.tile(address, (block.tokens, 1)))
        owners += [trunk] * block.tokens
    step = Step(
        weights,
        np.array(ids, np.int64),
        np.array(positions, np.int64),
        np.concatenate(slots),
        np.array(own, np.int64),
        owners,
        LANES * 3 + -(-(max(own) + 1) // LANES) * LANES,
    )
    places, whose = wanted(blocks)  # reads of one path want the same places
    rows, which = np.unique(np.array(places, np.int64), return_inverse=True)
    outputs = step.run(rows)
    for (read, position), i in zip(whose, which.tolist(), strict=True):
        read.found[position] = outputs[i]
    for block, trunk, end in zip(blocks, taken, ends, strict=True):
        tree.insert(
            block.run_id, block.path, block.start, held[:, int(end) - block.tokens : int(end)].clone()
        )
        trunks.give_back(trunk)
