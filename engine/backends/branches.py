"""The branches that decode: what each has written, and the row it shares with siblings until they part.

Knows requests, rows and text. Does not know models or sampling. Tokens pile up in a branch and are told in
chunks, so that a decode step costs a branch little more than its share of the forward pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.backends.protocol import Chunk, EndReason, Generate
from engine.backends.transcript import Context
from engine.decoding.rows import Row
from engine.decoding.sampler import Draw
from engine.decoding.stops import StepEnd, TextStream
from engine.requests import TURN


@dataclass(eq=False, slots=True)
class Branch:
    """One admitted request."""

    request: Generate
    context: Context
    limit: int  # tokens it may generate
    text: TextStream
    step_end: StepEnd
    prompt_tokens: int = 0  # read for the first time for it, not told yet
    made: list[int] = field(default_factory=list)  # its tokens
    row: Row | None = None  # None while it waits for a row
    told: int = 0  # how many of them have been told
    spelled: int = 0  # how many of them have become pieces
    pieces: list[str] = field(default_factory=list)  # not told yet
    logprobs: list[float] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    watched: list[float] = field(default_factory=list)  # all confidences, where it may be aborted for them

    @property
    def ids(self) -> list[int]:
        """The whole path: what was read and what was written."""
        return [*self.context.ids, *self.made]

    def draw(self, row: int) -> Draw:
        sampling, node = self.request.sampling, self.request.node
        return Draw(
            sampling.temperature,
            sampling.top_p,
            sampling.top_k,
            self.request.seed,
            node.id,
            len(self.made),
            row,
        )

    def spell(self, end_ids: frozenset[int]) -> bool:
        """Turn its new tokens into text; says whether the last completes what it stops at."""
        is_step_end = False
        for token in self.made[self.spelled :]:
            piece = "" if token in end_ids else self.text.push(token)
            self.pieces.append(piece)
            if self.request.stop != TURN:
                is_step_end = self.step_end.push(piece)
        self.spelled = len(self.made)
        return is_step_end

    def doubt(self) -> str:
        """Why it is aborted for its confidence, "" where it goes on. Asked once after each token."""
        if self.request.abort_below is None:
            return ""
        self.watched.append(self.confidences[-1])
        return self.request.doubt(self.watched)

    def chunk(self, end_ids: frozenset[int], end: EndReason | None = None, reason: str = "") -> Chunk:
        """What has not been told yet."""
        self.spell(end_ids)
        if end is not None and self.pieces:
            self.pieces[-1] += self.text.flush()
        told = Chunk(
            self.request.id, tuple(self.pieces), tuple(self.logprobs), tuple(self.confidences),
            self.prompt_tokens, 0, end, reason,
        )  # fmt: skip
        for told_of in (self.pieces, self.logprobs, self.confidences):
            told_of.clear()
        self.told, self.prompt_tokens = len(self.made), 0
        return told

    @property
    def is_untold(self) -> bool:
        return self.told < len(self.made) or self.prompt_tokens > 0


def parted(siblings: Sequence[Branch], tokens: Sequence[int]) -> list[list[Branch]]:
    """Branches of one row, grouped by the token each drew; the first group first."""
    groups: dict[int, list[Branch]] = {}
    for branch, token in zip(siblings, tokens, strict=True):
        groups.setdefault(token, []).append(branch)
    return list(groups.values())
