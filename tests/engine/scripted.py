"""A scheduler over the scripted backend and hash scorers, for tests that need no weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from engine.backends.protocol import Backend
from engine.backends.scripted import ScriptedBackend
from engine.budget import Budget
from engine.runs import Run, RunSpec
from engine.scheduler import Scheduler
from engine.scoring.confidence import Confidence, TokenConfidence
from engine.scoring.protocol import Scorer, Verdict
from engine.scoring.verifier import Verifier
from engine.strategies import STRATEGIES, Strategy
from engine.tree import Node

PUZZLE = "Use 4 5 6 10 to make 24."
SUM = "Compute ((17 + 5) * 3) - 8."
FREE = "How many legs do four cats have?"


@dataclass(frozen=True)
class Facts:
    """A model that is always usable and has a process reward."""

    source: str = "scripted"
    is_usable: bool = True
    why_not: str | None = None
    process_reward: str | None = "hash"
    outcome_reward: str | None = "hash"
    rewards_free_text: bool = False


class HashReward:
    """A process scorer that reads every token once and whose scores are hashes of the path's text."""

    is_exact = False
    parameters = 1_000

    def __init__(self, name: str = "process_reward") -> None:
        self.name = name
        self.calls: list[int] = []

    def cost(self, nodes: Sequence[Node]) -> list[int]:
        return [node.tokens for node in nodes]

    def score(self, nodes: Sequence[Node]) -> list[Verdict]:
        self.calls.append(len(nodes))
        return [self._verdict(node) for node in nodes]

    def _verdict(self, node: Node) -> Verdict:
        lines = [line for line in node.text.splitlines() if line] or [""]
        before = "".join(part.text for part in node.path()[:-1])
        steps = tuple(fraction(before, *lines[: i + 1]) for i in range(len(lines)))
        return Verdict(steps[-1], steps, node.tokens)

    def release(self, run_id: str) -> None:
        """Nothing is kept."""


def fraction(*key: str) -> float:
    """A number in [0, 1) that depends on nothing but `key`."""
    return int.from_bytes(hashlib.sha256("|".join(key).encode()).digest()[:6], "big") / 2**48


def load_scorer(scorer: str, model: str) -> Scorer:
    if scorer.startswith("confidence_"):
        return TokenConfidence(scorer.removeprefix("confidence_"))
    return {"verifier": Verifier, "confidence": Confidence}.get(scorer, lambda: HashReward(scorer))()


def make_scheduler(backend: Backend | None = None, **settings: Any) -> Scheduler:
    backend = backend or ScriptedBackend()
    return Scheduler(lambda model: backend, load_scorer, lambda model: Facts(), **settings)


def spec(
    strategy: str, problem: str = PUZZLE, max_tokens: int | None = None, seed: int = 0, **params: Any
) -> RunSpec:
    return RunSpec(problem, "scripted", strategy, params, seed=seed, budget=Budget(max_tokens=max_tokens))


def run(run_spec: RunSpec, **settings: Any) -> Run:
    """One run, alone, to its end."""
    scheduler = make_scheduler(**settings)
    submitted = scheduler.submit(run_spec)
    scheduler.run_until_idle()
    return submitted


def run_odd(
    monkeypatch: pytest.MonkeyPatch, function: Any, max_tokens: int | None = None, problem: str = PUZZLE
) -> Run:
    """One run of a strategy that is not in the registry, under the name "direct"."""
    monkeypatch.setitem(STRATEGIES, "direct", Strategy("direct", "Odd", "", "", (), function))
    return run(spec("direct", problem, max_tokens))


def shape(run: Run) -> list[tuple[Any, ...]]:
    """Everything about a run's tree that must not depend on time or company."""
    return [
        (
            node.id,
            None if node.parent is None else node.parent.id,
            node.kind,
            node.text,
            node.tokens,
            tuple(node.token_logprobs),
            dict(node.scores),
            node.status,
            node.reason,
            node.answer,
            dict(node.search),
        )
        for node in run.tree.nodes
    ]
