"""What to do (RunSpec), what it used (Usage), and what happened (Run), with its stable JSON record."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from engine.budget import Budget
from engine.tasks.problem import Tests
from engine.tree import Node, Tree

RunStatus = Literal["queued", "running", "finished", "partial", "cancelled", "interrupted", "failed"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a forked run begins: after a node of another run, or after that node's first `steps` lines."""

    run: str
    node: int
    steps: int | None = None  # ≥ 1; None for all of the node


@dataclass(frozen=True, slots=True)
class RunSpec:
    """Everything that decides a run: the same spec on the same machine gives the same tree.

    `params` holds only what differs from the strategy's defaults or was set; `task` names a task family or
    is None for free text; `expected` is the right answer where one is known; `tests` decide on a program, as
    pairs [[input, output], …] or Python source. `origin` names the path its tree begins with. `batch` and
    `cell` decide nothing: they say which set of runs this one was made for, and its place in it.
    """

    problem: str
    model: str
    strategy: str
    params: dict[str, Any] = field(default_factory=dict)
    task: str | None = None
    expected: str | None = None
    seed: int = 0
    budget: Budget = field(default_factory=Budget)
    owner: str = "local"
    tests: Tests | None = None
    batch: str | None = None
    cell: int | None = None
    origin: Origin | None = None


@dataclass(slots=True)
class Usage:
    """What a run spent. Tokens are disjoint: prompt (free), generated (in nodes), discarded, scorer's."""

    prompt_tokens: int = 0
    generated_tokens: int = 0
    discarded_tokens: int = 0
    scorer_tokens: int = 0
    flops: float = 0.0
    usd: float = 0.0
    seconds: float = 0.0  # from the start of the run to its end
    queue_seconds: float = 0.0  # from submission to the start
    first_token_seconds: float | None = None  # from the start to the first generated token
    generating_seconds: float = 0.0  # this run's share of the decode steps
    scoring_seconds: float = 0.0
    executing_seconds: float = 0.0  # running programs
    peak_memory_bytes: int = 0

    @property
    def spent_tokens(self) -> int:
        """What counts against a token budget."""
        return self.generated_tokens + self.discarded_tokens + self.scorer_tokens


@dataclass(eq=False, slots=True)
class Run:
    """One run, live or finished. `is_correct` is None when no ground truth is known.

    `forecast` is what was expected of it before it began, see `engine.forecasting`; None where nothing was.
    """

    id: str
    spec: RunSpec
    tree: Tree
    status: RunStatus = "queued"
    status_reason: str = ""
    answer_node: Node | None = None
    answer: str | None = None
    is_correct: bool | None = None
    usage: Usage = field(default_factory=Usage)
    environment: dict[str, Any] = field(default_factory=dict)
    forecast: dict[str, Any] | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_over(self) -> bool:
        return self.status not in ("queued", "running")

    def record(self) -> dict[str, Any]:
        """The stable JSON record: scripts depend on these names."""
        return self.facts() | {"nodes": [node_record(node) for node in self.tree.nodes]}

    def facts(self) -> dict[str, Any]:
        """The record without its nodes."""
        spec = self.spec
        return {
            "id": self.id,
            "problem": spec.problem,
            "task": spec.task,
            "expected": spec.expected,
            "tests": spec.tests,
            "answer": self.answer,
            "is_correct": self.is_correct,
            "status": self.status,
            "status_reason": self.status_reason,
            "model": spec.model,
            "strategy": spec.strategy,
            "params": spec.params,
            "seed": spec.seed,
            "budget": asdict(spec.budget),
            "origin": None if spec.origin is None else asdict(spec.origin),
            "forecast": self.forecast,
            "usage": asdict(self.usage),
            "answer_node": None if self.answer_node is None else self.answer_node.id,
            "environment": self.environment,
            "created_at": self.created_at.isoformat(),
        }


def node_record(node: Node) -> dict[str, Any]:
    """One node as plain JSON values."""
    return {
        "id": node.id,
        "parent": None if node.parent is None else node.parent.id,
        "kind": node.kind,
        "instruction": node.instruction,
        "thinking": node.thinking,
        "forced": node.forced,
        "struck": node.struck,
        "text": node.text,
        "tokens": node.tokens,
        "logprob": round(node.logprob, 5),
        "confidence": node.confidence,
        "pieces": node.pieces,
        "token_logprobs": node.token_logprobs,
        "token_confidences": node.token_confidences,
        "scores": node.scores,
        "step_scores": node.step_scores,
        "search": node.search,
        "status": node.status,
        "reason": node.reason,
        "answer": node.answer,
        "is_final": node.is_final,
        "created_s": node.created_s,
        "finished_s": node.finished_s,
    }
