"""What many rows have in common and attend to once for all of them: the prompt of their run.

Knows the key-value tree. Does not know slots or attention. How long a row's trunk is follows from its own
path alone, never from what else decodes, so that its arithmetic is the same alone and in company.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from engine.decoding.key_values import KeyValueTree

MIN_TOKENS = 64  # below, a copy in every slot is cheaper than a second attention and a merge


@dataclass(eq=False, slots=True)
class Trunk:
    """The keys and values of a prefix; alive while rows use it, whatever the tree evicts."""

    keys: list[
        torch.Tensor
    ]  # a layer: [1, K, T, D], a view of the tree's own where the prefix lies in one piece
    values: list[torch.Tensor]
    tokens: int
    own_bytes: int  # beyond the tree's
    users: int = 0
    addresses: list[int] = field(init=False)  # where each layer's begin; a token's lie together, [2, K, D]

    def __post_init__(self) -> None:
        self.addresses = [layer.data_ptr() for layer in self.keys]


class Trunks:
    """The trunks in use, by run and tokens."""

    def __init__(self, tree: KeyValueTree):
        self._tree = tree
        self._trunks: dict[tuple[str, tuple[int, ...]], Trunk] = {}

    @property
    def bytes(self) -> int:
        return sum(trunk.own_bytes for trunk in self._trunks.values())

    def take(self, run_id: str, ids: Sequence[int], shared: int) -> Trunk | None:
        """The trunk of a row that has read `ids`, of which the first `shared` tokens are its run's prompt."""
        tokens = min(shared, len(ids))
        if tokens < MIN_TOKENS:
            return None
        key = (run_id, tuple(ids[:tokens]))
        if key not in self._trunks:
            pieces = [piece for _, piece in self._tree.pieces(run_id, ids[:tokens])]
            whole = pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1)
            keys, values = whole.transpose(1, 3).unbind(2)  # [L, K, T, D] each
            self._trunks[key] = Trunk(
                [layer[None] for layer in keys], [layer[None] for layer in values],
                tokens, 0 if len(pieces) == 1 else whole.nbytes,
            )  # fmt: skip
        trunk = self._trunks[key]
        trunk.users += 1
        return trunk

    def give_back(self, trunk: Trunk | None) -> None:
        """One row less uses it."""
        if trunk is None:
            return
        trunk.users -= 1
        if not trunk.users:
            self._trunks = {key: known for key, known in self._trunks.items() if known is not trunk}
