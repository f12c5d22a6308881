"""What a strategy may ask for: grow branches, score nodes, check answers. Plain frozen data, no behaviour."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.tree import Kind, Node

Stop = Literal["step", "thought", "turn"]
STEP: Stop = "step"  # stop after one reasoning step; the model's profile says how a step ends
THOUGHT: Stop = "thought"  # stop where the model ends its thinking; a model without thinking, its turn
TURN: Stop = "turn"  # go on until the model ends its turn


@dataclass(frozen=True, slots=True)
class Sampling:
    """How one branch draws its tokens.

    temperature ≥ 0 (0 is greedy); top_p in (0, 1]; top_k ≥ 0 (0 keeps all); max_tokens ≥ 1 for each new
    node, None for the model's own limit. The seed is the run's: every branch draws from its own
    counter-based stream (run seed, node id, position), so a tree does not depend on what shares its batch.
    """

    temperature: float = 0.8
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Expand:
    """Grow `n` new children under each of `nodes`. The reply lists the children, parent-major.

    `instruction` and `forced` are keys of `engine.prompts`, which knows each model's wording, or text.
    A forced text is put into the children's beginning: the model reads it as if it had said it itself. What
    had ended the parent (the end of its turn, or of its thinking) is struck from what the model reads. It
    counts as prompt, and stands at the front of each child's text.

    With `abort_below`, a branch ends as "aborted" once the mean confidence of its last `abort_window` tokens
    is below it.
    """

    nodes: Sequence[Node]
    n: int = 1
    stop: Stop = TURN
    kind: Kind = "step"
    instruction: str = ""  # a user turn put before the new text; "" continues the node's own turn
    sampling: Sampling = Sampling()
    thinking: bool | None = None  # think, answer at once, or the model's default
    forced: str = ""
    abort_below: float | None = None
    abort_window: int = 32


@dataclass(frozen=True, slots=True)
class Score:
    """Score each of `nodes` by the named scorer. The reply is the same nodes, scores filled in."""

    nodes: Sequence[Node]
    by: str


@dataclass(frozen=True, slots=True)
class Check:
    """Check each finished answer of `nodes` by what can be checked: its steps, the puzzle's rules, its tests.

    The reply is one new `execution` node under each, in order: its text is what was found, in the words the
    model is told. Where something could be checked, `scores["check"]` of both is 1 (passed) or 0 (failed).
    """

    nodes: Sequence[Node]


Request = Expand | Score | Check
Search = Generator[Request, list[Node], Node]
"""A strategy: yields requests, receives nodes, returns the node it answers with."""
