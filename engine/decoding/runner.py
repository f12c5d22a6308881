"""Runs a model over the key-value tree: one forward decodes every row and reads every new path.

Knows an unmodified Hugging Face model, the tree, the slots and the plan. Does not know text, nodes, sampling
or stop rules. `engine.decoding.plain` serves the models this one cannot, behind the same methods.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from engine.decoding.attention import NAME, Plan, Rows
from engine.decoding.invariance import row_multiple
from engine.decoding.key_values import KeyValueTree, Match
from engine.decoding.packing import TOKENS_PER_FORWARD, NewTokens, Read, block_of, pack
from engine.decoding.slots import Slots, rounded


@dataclass(eq=False, slots=True)
class Row:
    """A decoding branch: its whole path, of which the last token is not read yet."""

    run_id: str
    ids: list[int]
    slot: int = 0
    own: int = 0  # index of the first token that is not in the tree yet
    cache: Any = None  # the plain path's own cache


class Runner(Protocol):
    """What the local backend and the scorers ask of a model."""

    name: str

    def match(self, run_id: str, ids: Sequence[int]) -> Match:
        """How much of the path the run has read before."""
        ...

    def forward(self, rows: Sequence[Row], reads: Sequence[Read]) -> torch.Tensor:
        """Feed each row its last token and read the new paths; returns the rows' logits [R, V]."""
        ...

    def open(self, read: Read, token: int) -> Row:
        """Start a branch that continues a path just read with `token`."""
        ...

    def close(self, row: Row, *, keep: bool) -> None:
        """End a branch; `keep` leaves its keys and values for later branches."""
        ...

    def free(self) -> None:
        """Give back all that can be read again: the answer to a device that is out of memory."""
        ...

    def release(self, run_id: str) -> None:
        """Forget what was kept for the run. Its open rows must be closed first."""
        ...


class TreeRunner:
    """The key-value tree under a model whose attention can be replaced (`unsupported` says which cannot)."""

    name = "key-value tree"

    def __init__(self, model: Any, shapes: dict[int, tuple[int, int, int]], tree_bytes: int):
        self._model = model
        self._device: torch.device = model.device
        layers, (heads, head_dim, _) = len(shapes), shapes[0]
        self.tree = KeyValueTree(tree_bytes)
        self._slots = Slots(layers, heads, head_dim, model.dtype, self._device)
        self._shape = (2, layers, heads, head_dim)
        self._rows: list[Row] = []  # by slot
        self._keeps_logits = "logits_to_keep" in inspect.signature(model.forward).parameters
        weights = [tuple(p.shape) for p in model.parameters() if p.ndim == 2]
        self._row_multiple = row_multiple(weights, model.dtype) if self._device.type == "cpu" else 1

    @property
    def bytes_per_token(self) -> int:
        two, layers, heads, head_dim = self._shape
        return two * layers * heads * head_dim * torch.empty((), dtype=self._model.dtype).element_size()

    def match(self, run_id: str, ids: Sequence[int]) -> Match:
        return self.tree.match(run_id, ids)

    def forward(self, rows: Sequence[Row], reads: Sequence[Read]) -> torch.Tensor:
        """One pass for all rows and reads; more only where the reads exceed the tokens of one pass.

        Rows must be a contiguous range of slots, in order. May be repeated after a failure.
        """
        row_logits, pending, limit = None, list(reads), TOKENS_PER_FORWARD
        while row_logits is None or pending:
            blocks = pack(self.tree, pending, limit)
            logits = self._pass(rows if row_logits is None else (), blocks)
            if row_logits is None:
                row_logits = logits
            unread = [read for read in pending if read.keys_values is None]
            # A tree too small to keep half a prompt until the next pass: read more of it in one.
            limit = 2 * limit if len(unread) == len(pending) else TOKENS_PER_FORWARD
            pending = unread
        for read in reads:
            if read.wanted:
                read.outputs = torch.stack([read.found[position] for position in read.positions()])
        return row_logits

    @torch.inference_mode()
    def _pass(self, rows: Sequence[Row], news: list[NewTokens]) -> torch.Tensor:
        """One forward; gives the reads their outputs, keys and values; returns the rows' logits [R, V]."""
        ids, positions = [row.ids[-1] for row in rows], [len(row.ids) - 1 for row in rows]
        kept = list(range(len(rows)))  # packed indices whose logits are wanted
        outputs: list[tuple[Read, int]] = []  # for each further one: whose it is, and its position
        plan = Plan(rows=self._plan_rows(rows) if rows else None)
        for new in news:
            start = len(ids)
            plan.blocks.append(block_of(new, start, self._prefix(new)))
            ids += new.ids
            positions += new.depths
            for read, indices in new.reads:
                for position in read.positions():
                    at = position - len(new.prefix)
                    if 0 <= at < len(indices):
                        kept.append(start + indices[at])
                        outputs.append((read, position))
        logits = self._logits(ids, positions, kept, plan)
        for (read, position), output in zip(outputs, logits[len(rows) :], strict=True):
            read.found[position] = output
        for new, block in zip(news, plan.blocks, strict=True):
            self._remember(new, block.keys_values)
        return logits[: len(rows)]

    def _logits(self, ids: list[int], positions: list[int], kept: list[int], plan: Plan) -> torch.Tensor:
        """The model's outputs [kept, V] at packed indices `kept`."""
        padding = -len(ids) % self._row_multiple
        tokens = torch.tensor([ids + [0] * padding], device=self._device)
        places = torch.tensor([positions + [0] * padding], device=self._device)
        # The head's product, too, must have a row count that gives the same bits in any company.
        wanted = torch.tensor(
            kept + [0] * (-len(kept) % self._row_multiple), device=self._device, dtype=torch.long
        )
        arguments: dict[str, Any] = {"plan": plan, "use_cache": False, "position_ids": places}
        if self._keeps_logits:
            output = self._model(tokens, logits_to_keep=wanted, **arguments).logits[0]
        else:
            output = self._model(tokens, **arguments).logits[0][wanted]
        return output[: len(kept)]

    def _plan_rows(self, rows: Sequence[Row]) -> Rows:
        first, count = rows[0].slot, len(rows)
        longest = max(len(row.ids) for row in rows)
        self._slots.reserve(0, longest)
        length = rounded(longest)
        held = self._slots.tensor[:, :, first : first + count, :, :length]
        positions = torch.tensor([len(row.ids) - 1 for row in rows], device=self._device)
        is_later = torch.arange(length, device=self._device) > positions[:, None]
        mask = torch.zeros(count, 1, 1, length, dtype=held.dtype, device=self._device)
        mask.masked_fill_(is_later[:, None, None], float("-inf"))
        return Rows(held[0], held[1], torch.arange(count, device=self._device), positions, mask)

    def _prefix(self, new: NewTokens) -> torch.Tensor:
        """Room for a block's whole keys and values [2, L, K, N, D], its cached path already in place."""
        two, layers, heads, head_dim = self._shape
        length = rounded(len(new.prefix) + len(new.ids))
        room = torch.zeros(two, layers, heads, length, head_dim, dtype=self._model.dtype, device=self._device)
        self.tree.gather(new.run_id, new.prefix, room)
        return room

    def _remember(self, new: NewTokens, keys_values: torch.Tensor) -> None:
        """Store what a block read, and hand each finished read its whole path."""
        cached = len(new.prefix)
        for read, indices in new.reads:
            ends = cached + len(indices)
            if indices == list(range(len(indices))):
                path = keys_values[..., :ends, :]
            else:
                order = [*range(cached), *(cached + index for index in indices)]
                path = keys_values.index_select(-2, torch.tensor(order, device=self._device))
            self.tree.insert(new.run_id, read.ids[:ends], cached, path[..., cached:, :])
            if ends == len(read.ids):
                read.keys_values = path

    @torch.inference_mode()
    def open(self, read: Read, token: int) -> Row:
        assert read.keys_values is not None
        row = Row(read.run_id, [*read.ids, token], own=len(read.ids))
        row.slot = self._slots.open(read.keys_values)
        self._rows.append(row)
        return row

    @torch.inference_mode()
    def close(self, row: Row, *, keep: bool) -> None:
        read = len(row.ids) - 1
        if keep and read > row.own:
            self.tree.insert(row.run_id, row.ids[:read], row.own, self._slots.read(row.slot, row.own, read))
        last = self._rows.pop()
        self._slots.close(row.slot, len(last.ids))
        if last is not row:
            last.slot = row.slot
            self._rows[row.slot] = last

    def free(self) -> None:
        self.tree.evict()

    def release(self, run_id: str) -> None:
        self.tree.release(run_id)


def unsupported(model: Any) -> str:
    """Why the tree cannot serve this model, by its configuration; "" when nothing speaks against it."""
    config = model.config.get_text_config()
    if not getattr(model, "_supports_attention_backend", False):
        return "its attention cannot be replaced"
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        return f"it mixes kinds of layers ({', '.join(sorted(kinds))})"
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        return "it attends over a sliding window"
    return ""


@torch.inference_mode()
def probe(model: Any) -> tuple[dict[int, tuple[int, int, int]], str]:
    """Try the tree's attention on the model: the shapes of its layers, and why it fails, "" if it does not.

    The same few tokens are read by the model's own attention and by ours in two parts; the outputs must
    agree. Leaves the model with the tree's attention when it serves, with its own otherwise.
    """
    ids = [(7 * i) % min(97, model.config.get_text_config().vocab_size) for i in range(9)]
    own = model.config._attn_implementation
    try:
        expected = model(torch.tensor([ids], device=model.device), use_cache=False).logits[0]
        model.set_attn_implementation(NAME)
        plan = Plan(shapes={})
        model(torch.tensor([ids], device=model.device), use_cache=False, plan=plan)
        shapes = plan.shapes or {}
        if (
            set(shapes) != set(range(len(shapes)))
            or len(set(shapes.values())) != 1
            or shapes[0][1] != shapes[0][2]
        ):
            raise ValueError("its layers keep keys and values of different shapes")
        runner = TreeRunner(model, shapes, tree_bytes=1 << 30)
        first = Read("probe", ids[:5], wanted=(0, 1, 2, 3, 4))
        runner.forward([], [first])
        row = runner.open(first, ids[5])
        rest = Read("probe", ids, wanted=(7, 8))
        got = runner.forward([row], [rest])
        assert first.outputs is not None and rest.outputs is not None
        ours = torch.cat([first.outputs, got, rest.outputs]).float()
        error = (ours - expected[[0, 1, 2, 3, 4, 5, 7, 8]].float()).abs().max().item()
        scale = expected.float().abs().max().item()
        if not error <= (1e-3 if model.dtype == torch.float32 else 6e-2) * max(1.0, scale):
            raise ValueError(f"its outputs differ by {error:.2g} under the tree's attention")
    except Exception as error:  # noqa: BLE001 - whatever a model's own code raises, the tree is not for it
        model.set_attn_implementation(own)
        return {}, str(error).splitlines()[0] if str(error) else type(error).__name__
    return shapes, ""
