"""A policy's own solutions to problems that may be trained on, each step with its verdict, kept in a file.

Knows the task families, the local backend and the file. Does not know what the samples are for: stage two
of a policy learns from its own errors, a process reward learns to find them.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine.backends.local import LocalBackend
from engine.backends.protocol import Generate
from engine.models.profiles import BUNDLED
from engine.requests import TURN, Sampling
from engine.tasks import FAMILIES, Problem
from engine.tasks.problem import split_turn
from engine.training.examples import fresh
from engine.tree import Node, Tree

log = logging.getLogger(__name__)

PROBLEMS, EACH = 48, 8  # asked at once, solutions to each
LONGEST = 320  # tokens of a solution
OWN_SOLUTIONS = "own_solutions.jsonl"  # in a model's work folder


@dataclass(frozen=True, slots=True)
class Sample:
    """One solution: its steps, its answer (None while it was still thinking), and what is right of it.

    `hopes` says of each step whether a right answer could still follow; `is_right` of the answer.
    """

    task: str
    problem: str
    steps: list[str]
    answer: str | None
    hopes: list[bool]
    is_right: bool


def kept(file: Path) -> list[Sample]:
    """The samples in a file; none where it is not there."""
    return [Sample(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []


def own_solutions(
    policy: Path, file: Path, count: int, weights: dict[str, int], seed: int, temperature: float = 1.0
) -> list[Sample]:
    """At least `count` different solutions by the policy, those already in `file` first."""
    have = kept(file)
    model = LlamaForCausalLM.from_pretrained(policy, dtype=torch.float32).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(policy)
    backend = LocalBackend(model, tokenizer, BUNDLED, policy.name)
    rng = random.Random(f"{seed}:{len(have)}")
    with file.open("a") as out:
        while len(have) < count:
            name = rng.choices(list(weights), list(weights.values()))[0]
            problems = [fresh(rng, name)[1] for _ in range(PROBLEMS)]
            said = complete(backend, problems, EACH, temperature, seed=rng.randrange(1 << 31))
            for problem, texts in zip(problems, said, strict=True):
                fresh_samples = [labelled(problem, text) for text in sorted(set(texts))]
                have += fresh_samples
                out.writelines(json.dumps(asdict(sample)) + "\n" for sample in fresh_samples)
            out.flush()
            log.info("%d of %d samples", len(have), count)
    return have


def complete(
    backend: LocalBackend, problems: Sequence[Problem], each: int, temperature: float, seed: int
) -> list[list[str]]:
    """What the model says to each problem, `each` times."""
    written: list[list[Node]] = []
    by_request: dict[int, Node] = {}
    for i, problem in enumerate(problems):
        tree = Tree(problem.text, problem)
        nodes = [tree.add(tree.root, thinking=True) for _ in range(each)]
        for node in nodes:
            request = Generate(
                len(by_request), f"sampling {i}", node,
                Sampling(temperature=temperature, max_tokens=LONGEST), seed + i, TURN,
            )  # fmt: skip
            by_request[request.id] = node
            backend.add(request)
        written.append(nodes)
    left = len(by_request)
    while left:
        for chunk in backend.step():
            node = by_request[chunk.request_id]
            node.tree.append(node, chunk.pieces, chunk.logprobs)
            left -= chunk.end is not None
    for i in range(len(problems)):
        backend.release(f"sampling {i}")
    return [[node.text for node in nodes] for nodes in written]


def labelled(problem: Problem, said: str) -> Sample:
    """A solution with the exact verdicts of its family."""
    task = FAMILIES[problem.task or ""]
    steps, answer = split_turn(said)
    found = None if answer is None else task.extract(problem, said)
    is_right = found is not None and task.is_correct(problem, found)
    return Sample(task.name, problem.text, steps, answer, task.can_succeed(problem, steps), is_right)
