"""The key-value tree: every token a run has read owns its keys and values once, whatever branches from it.

Knows token ids, their keys and values, how much memory they take, and which were used least recently. Does
not know models, nodes of the reasoning tree, or attention. A path is the segments from the root down; two
paths share every segment up to the token where they part, so expanding any node at any later moment finds
what was read before it. Evicting a segment drops its tensors and keeps its ids: the tokens stay *known*
(they were paid for once), are no longer *cached*, and are read again when a path needs them.

Shapes: L layers, T tokens, K key-value heads, D head dimension; a token's keys and values lie together, as
[L, T, 2, K, D].
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

_clock = itertools.count()


@dataclass(eq=False, slots=True)
class Segment:
    """A run of tokens without a branch inside it. The root owns no tokens."""

    parent: Segment | None
    ids: list[int]
    keys_values: torch.Tensor | None = None  # [L, T, 2, K, D]; None once evicted
    children: dict[int, Segment] = field(default_factory=dict)  # by the child's first token
    last_used: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """How much of a path the tree holds: tokens `cached`, and tokens `known` (cached or evicted since)."""

    cached: int
    known: int


class KeyValueTree:
    """The key-value trees of all runs of one model, under one limit of bytes."""

    def __init__(self, limit_bytes: int):
        self.limit_bytes = limit_bytes
        self.bytes = 0
        self._roots: dict[str, Segment] = {}

    def match(self, run_id: str, ids: Sequence[int]) -> Match:
        """The longest prefix of `ids` that this run has read."""
        known = cached = 0
        is_cached = True
        for segment, length in self._walk(run_id, ids):
            known += length
            is_cached = is_cached and segment.keys_values is not None
            cached += length if is_cached else 0
        return Match(cached, known)

    def pieces(self, run_id: str, ids: Sequence[int], start: int = 0) -> list[tuple[int, torch.Tensor]]:
        """The keys and values [L, T, 2, K, D] of `ids[start:]`, all of them cached, segment by segment.

        Each comes with the place of its first token after `start`.
        """
        now, at = next(_clock), 0
        found: list[tuple[int, torch.Tensor]] = []
        for segment, length in self._walk(run_id, ids):
            assert segment.keys_values is not None, "tokens were asked for that are not cached"
            segment.last_used = now
            skipped = max(0, start - at)
            if skipped < length:
                found.append((at + skipped - start, segment.keys_values[:, skipped:length]))
            at += length
        assert at == len(ids), "tokens were asked for that were never read"
        return found

    def insert(self, run_id: str, ids: Sequence[int], start: int, keys_values: torch.Tensor) -> None:
        """Store the keys and values [L, T, 2, K, D] of `ids[start:]`; what is already cached stays."""
        now, at, is_cached = next(_clock), 0, True
        segment = self._roots.setdefault(run_id, Segment(None, []))
        while at < len(ids):
            child = segment.children.get(ids[at])
            if child is None:
                child = Segment(segment, list(ids[at:]))
                segment.children[ids[at]] = child
            shared = _common(child.ids, ids, at)
            if shared < len(child.ids):
                self._split(child, shared)
            if child.keys_values is None:
                # Below an ancestor that was evicted meanwhile, keys and values could not be used: only known.
                is_cached = is_cached and at >= start
                if is_cached:
                    self._store(child, keys_values[:, at - start : at - start + shared].clone())
            child.last_used = now
            segment, at = child, at + shared

    def trim(self) -> None:
        """Evict down to the limit. Insertions alone do not, so that what was just read can be used once."""
        self._shrink(self.limit_bytes)

    def release(self, run_id: str) -> None:
        """Forget the run."""
        root = self._roots.pop(run_id, None)
        if root is not None:
            for segment in _below(root):
                self._drop(segment)

    def evict(self, keep_bytes: int = 0) -> None:
        """Drop least recently used segments, leaves first, until at most `keep_bytes` are held."""
        self._shrink(keep_bytes, slack=1.0)

    def _walk(self, run_id: str, ids: Sequence[int]):
        segment, at = self._roots.get(run_id), 0
        while segment is not None and at < len(ids):
            child = segment.children.get(ids[at])
            if child is None:
                return
            shared = _common(child.ids, ids, at)
            yield child, shared
            if shared < len(child.ids):
                return
            segment, at = child, at + shared

    def _split(self, segment: Segment, at: int) -> None:
        """Cut a segment in two, so that another path can part from it after `at` tokens."""
        tail = Segment(segment, segment.ids[at:], None, segment.children, segment.last_used)
        for child in tail.children.values():
            child.parent = tail
        if segment.keys_values is not None:
            # Clones, so that evicting the tail really frees its memory.
            tail.keys_values = segment.keys_values[:, at:].clone()
            segment.keys_values = segment.keys_values[:, :at].clone()
        segment.ids, segment.children = segment.ids[:at], {tail.ids[0]: tail}

    def _store(self, segment: Segment, keys_values: torch.Tensor) -> None:
        segment.keys_values = keys_values
        self.bytes += keys_values.nbytes

    def _drop(self, segment: Segment) -> None:
        if segment.keys_values is not None:
            self.bytes -= segment.keys_values.nbytes
            segment.keys_values = None

    def _shrink(self, limit_bytes: int, slack: float = 0.9) -> None:
        # Down to nine tenths of the limit, so that the whole tree is not searched at every insertion.
        while self.bytes > limit_bytes:
            leaves = [
                segment
                for root in self._roots.values()
                for segment in _below(root)
                if segment.keys_values is not None
                and not any(child.keys_values is not None for child in segment.children.values())
            ]
            for leaf in sorted(leaves, key=lambda segment: segment.last_used):
                if self.bytes <= limit_bytes * slack:
                    return
                self._drop(leaf)


def _common(have: list[int], ids: Sequence[int], at: int) -> int:
    """How many tokens of `have` equal `ids` from `at` on."""
    end = min(len(have), len(ids) - at)
    if have[:end] == list(ids[at : at + end]):
        return end
    return next(i for i in range(end) if have[i] != ids[at + i])


def _below(root: Segment):
    stack = list(root.children.values())
    while stack:
        segment = stack.pop()
        yield segment
        stack.extend(segment.children.values())
