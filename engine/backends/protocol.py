"""What the scheduler asks of any source of text, and the profile that says how a model speaks.

Knows the shape of the conversation between scheduler and backend. Does not know any model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.requests import Sampling, Stop
from engine.tree import Node

EndReason = Literal["end", "stop", "length", "aborted"]


@dataclass(frozen=True, slots=True)
class Profile:
    """How a model family speaks: how a step ends, how thinking is written, how it likes to sample."""

    name: str = "plain"
    step_ends: tuple[str, ...] = ("\n\n",)  # a step ends with the token that completes one of these
    think_open: str = ""  # "" for models without thinking
    think_close: str = ""
    cut_thought: str = ""  # the family's own words to close a thinking that was cut short, where it has any
    opens_thinking: bool = False  # `think_open` is written for the model where its template does not
    system_prompt: str = ""
    is_bundled: bool = False  # speaks the task families' own step grammar and no other
    rereads_attempts: bool = True  # asked to mend an attempt, it reads those before it too
    temperature: float = 0.8
    top_p: float = 1.0
    top_k: int = 0
    max_new_tokens: int = 1024  # per node, where the strategy sets none


@dataclass(frozen=True, slots=True)
class Generate:
    """Grow one node. Its context is the path to `node.parent`, plus the turn that `node` itself opens."""

    id: int  # unique within the process
    run_id: str
    node: Node
    sampling: Sampling
    seed: int
    stop: Stop
    abort_below: float | None = None  # end it once the mean confidence of its last `abort_window` tokens is
    abort_window: int = 32

    def doubt(self, confidences: Sequence[float]) -> str:
        """Why a branch with these token confidences ends as "aborted", with the numbers; "" where it goes on.

        Asked after every token: what is aborted must not depend on when tokens are told.
        """
        window = self.abort_window
        if self.abort_below is None or len(confidences) < window:
            return ""
        mean = sum(confidences[-window:]) / window
        if mean >= self.abort_below:
            return ""
        bar = self.abort_below
        return f"The mean confidence of its last {window} tokens fell to {mean:.2f}, below {bar:.2f}."


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one request has written since it was last told of, and whether it ended.

    `pieces`, `logprobs` (ln p under the untempered model distribution) and `confidences` (-mean ln p of the
    top 20 tokens) have one entry a new token. A token is counted even where its text is empty (the end
    token has piece ""). `prompt_tokens` were read for the first time for this request in this step.
    `is_final`: the model ended its turn. `reason` says, for a person, why an "aborted" or "length" end came.
    """

    request_id: int
    pieces: Sequence[str] = ()
    logprobs: Sequence[float] = ()
    confidences: Sequence[float] = ()
    prompt_tokens: int = 0
    discarded_tokens: int = 0
    end: EndReason | None = None
    reason: str = ""

    @property
    def is_final(self) -> bool:
        return self.end == "end"


class Backend(Protocol):
    """A source of text that decodes all rows of all runs together."""

    name: str
    profile: Profile
    parameters: int  # parameter count of the model, for FLOPs; 0 where unknown
    max_rows: int  # rows decoded at once; further requests wait inside the backend

    def add(self, request: Generate) -> None:
        """Queue one branch. Never blocks and never decodes."""
        ...

    def step(self) -> list[Chunk]:
        """Decode one token for every admitted row.

        What is written may be told some steps later, several tokens together; an end is told at once.
        """
        ...

    def cancel(self, request_id: int) -> Chunk | None:
        """Forget a request at once, whether waiting or decoding; what it wrote and was not told, if anything.

        Unknown ids are ignored.
        """
        ...

    def release(self, run_id: str) -> None:
        """The run is over: free what was kept for its tree."""
        ...

    def describe(self) -> dict[str, object]:
        """For the record: device, dtype, library versions, revision of the weights."""
        ...
