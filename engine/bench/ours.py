"""Ponder's side: branches under one prompt through the backend, whole strategies through the scheduler.

Knows the backend and the scheduler as they serve the page. Prompts of exact lengths replace rendered ones,
and no token ends a turn, so that both sides of a comparison write the same number of tokens.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from engine.admission import ModelFacts
from engine.backends.local import LocalBackend
from engine.backends.protocol import Generate, Profile
from engine.backends.transcript import Context, Transcript
from engine.bench import subjects
from engine.decoding.runner import Runner
from engine.requests import TURN, Sampling
from engine.runs import Run, RunSpec
from engine.scheduler import Scheduler
from engine.scoring.process_reward import ProcessReward
from engine.scoring.protocol import Scorer
from engine.tree import Node, Tree

NEVER = "\0"  # a step's end that no token writes
_ids = itertools.count(1)


class FixedPrompt(Transcript):
    """A transcript whose every prompt is the same token ids."""

    def __init__(self, tokenizer: Any, profile: Profile, ids: Sequence[int]):
        super().__init__(tokenizer, profile)
        self._context = Context(tuple(ids), (False,) * len(ids))

    def asked(self, node: Node, instruction: str, thinking: bool | None) -> Context:
        return self._context

    def forget(self, run_id: str) -> None:
        """What was written is read again after the run, to send it to the peers."""


def _facts(name: str) -> ModelFacts:
    return Facts()


@dataclass(frozen=True, slots=True)
class Facts:
    """What admission asks of a model that is already loaded."""

    source: str = "folder"
    is_usable: bool = True
    why_not: str | None = None
    process_reward: str | None = "process reward"
    outcome_reward: str | None = None
    rewards_free_text: bool = True


def backend(model: Any, ids: Sequence[int], node_tokens: int, runner: Runner | None = None) -> LocalBackend:
    """A backend whose prompt is `ids` and whose nodes are `node_tokens` long; another runner, if given."""
    profile = Profile(step_ends=(NEVER,), max_new_tokens=node_tokens)
    made = LocalBackend(model, subjects.tokenizer(), profile, "benchmark")
    made.transcript = FixedPrompt(subjects.tokenizer(), profile, ids)
    if runner is not None:
        made.runner = runner
    return made


def branches(served: LocalBackend, count: int, tokens: int, temperature: float = 1.0) -> list[list[int]]:
    """Sample `count` branches of `tokens` tokens under the prompt; their token ids."""
    tree = Tree("A benchmark.")
    run_id = str(next(_ids))
    nodes = [tree.add(tree.root) for _ in range(count)]
    sampling = Sampling(temperature=temperature, max_tokens=tokens)
    for node in nodes:
        served.add(Generate(next(_ids), run_id, node, sampling, seed=0, stop=TURN))
    left = count
    while left:
        left -= sum(chunk.end is not None for chunk in served.step())
    written = [list(served.transcript.own_ids(node)) for node in nodes]
    served.release(run_id)
    return written


def scheduler(served: LocalBackend, reward_model: Any) -> Scheduler:
    """A scheduler over the backend, with a process reward and nothing that listens."""
    reward: list[Scorer] = []

    def load_scorer(name: str, model: str) -> Scorer:
        if not reward:
            reward.append(ProcessReward(reward_model, subjects.tokenizer(), served.transcript))
        return reward[0]

    return Scheduler(lambda name: served, load_scorer, _facts)


def run(loop: Scheduler, strategy: str, seed: int = 0, **params: Any) -> Run:
    """One run to its end."""
    return runs(loop, [(strategy, params)], seed)[0]


def runs(loop: Scheduler, wanted: Sequence[tuple[str, Mapping[str, Any]]], seed: int = 0) -> list[Run]:
    """Several runs at once, to their ends."""
    problem = "Use 4 5 6 10 to make 24."
    started = [
        loop.submit(RunSpec(problem, "benchmark", strategy, dict(params), seed=seed + i))
        for i, (strategy, params) in enumerate(wanted)
    ]
    loop.run_until_idle()
    failed = [one.status_reason for one in started if one.status == "failed"]
    if failed:
        raise RuntimeError(f"A run of the benchmark failed: {failed[0]}")
    return started


@torch.inference_mode()
def step_seconds(served: LocalBackend, ids: Sequence[int], rows: int, own: int, steps: int = 8) -> float:
    """Median seconds of a forward of `rows` rows, each with `own` tokens after the prompt; no sampling."""
    from engine.bench.timing import seconds
    from engine.decoding.packing import Read

    runner, run_id = served.runner, str(next(_ids))
    runner.read([Read(run_id, ids[:-1], wanted=(), shared=len(ids))])
    opened = [runner.open(run_id, ids, len(ids)) for _ in range(rows)]
    tokens = torch.tensor(subjects.prompt(rows))
    for _ in range(own - steps // 2):
        runner.decode(tokens)
    spent = sorted(seconds(lambda: runner.decode(tokens)) for _ in range(steps))
    for row in opened:
        runner.close(row, None)
    runner.release(run_id)
    return spent[steps // 2]
