"""A source of text with no model behind it: deterministic, seeded, for tests and for work on the page.

Speaks in short reasoning steps, one a line, and ends with an answer; on family problems it often follows a
right solution, and often slips. Knows nothing: every choice is a hash of the run's seed, the node and the
position, so a tree does not depend on what else is decoded. Not a model: its accuracy means nothing.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache

from engine import prompts
from engine.backends.protocol import Chunk, EndReason, Generate, Profile
from engine.requests import STEP, THOUGHT
from engine.tasks import FAMILIES
from engine.tasks.problem import RESTARTS, Problem
from engine.tree import Node

PROFILE = Profile(
    name="scripted",
    step_ends=("\n",),
    think_open="<think>",
    think_close="</think>",
    temperature=0.8,
    max_new_tokens=256,
)
SLIP = 0.15  # share of steps, and of answers, with one digit changed
_RESTART = re.compile(rf"^(?:{'|'.join(RESTARTS)})\n", re.MULTILINE)
TOKEN = re.compile(r"\n|[^\S\n]*[^\s]+|[^\S\n]+")


@dataclass(eq=False, slots=True)
class _Row:
    """One request being played back."""

    request: Generate
    tokens: list[str]
    end: EndReason
    at: int = 0
    prompt_tokens: int = 0
    confidences: list[float] = field(default_factory=list)


class ScriptedBackend:
    """Plays back made-up reasoning, one token a step for at most `max_rows` branches at once.

    `delay_seconds` slows every step down, to watch a tree grow.
    """

    name = "scripted"
    profile = PROFILE
    parameters = 1_000_000  # made up, so that FLOPs can be counted

    def __init__(self, max_rows: int = 256, delay_seconds: float = 0.0) -> None:
        self.max_rows = max_rows
        self.delay_seconds = delay_seconds
        self.steps = 0
        self._rows: OrderedDict[int, _Row] = OrderedDict()
        self._read: dict[str, set[int]] = {}  # by run, the nodes whose prompt has been read

    def add(self, request: Generate) -> None:
        tokens, end = script(request)
        self._rows[request.id] = _Row(request, tokens, end, prompt_tokens=self._unread(request))

    def step(self) -> list[Chunk]:
        rows = list(self._rows.values())[: self.max_rows]
        if not rows:
            return []
        self.steps += 1
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        return [self._next(row) for row in rows]

    def cancel(self, request_id: int) -> None:
        self._rows.pop(request_id, None)

    def release(self, run_id: str) -> None:
        self._read.pop(run_id, None)

    def describe(self) -> dict[str, object]:
        return {"backend": "scripted", "device": "cpu", "dtype": "none", "parameters": self.parameters}

    def _next(self, row: _Row) -> Chunk:
        piece = row.tokens[row.at]
        chance = _uniform(row.request.seed, row.request.node.id, row.at, "chance")
        logprob = -0.02 - 1.5 * chance**3
        row.at += 1
        row.confidences.append(_confidence(logprob))
        end = row.end if row.at == len(row.tokens) else None
        doubt = row.request.doubt(row.confidences) if end is None else ""
        end = "aborted" if doubt else end
        prompt_tokens, row.prompt_tokens = row.prompt_tokens, 0
        if end is not None:
            del self._rows[row.request.id]
        return Chunk(
            row.request.id, (piece,), (logprob,), (row.confidences[-1],), prompt_tokens, 0, end, doubt
        )

    def _unread(self, request: Generate) -> int:
        """Prompt tokens read for the first time: the question once a run, what was put in once a node."""
        seen = self._read.setdefault(request.run_id, set())
        fresh = [node for node in request.node.path() if node.id not in seen]
        seen.update(node.id for node in fresh)
        asked = [node.instruction if node.parent else node.text for node in fresh]
        turns = sum(len(text.split()) + 4 for text in asked if text)
        return turns + sum(len(TOKEN.findall(node.forced)) for node in fresh)


def _confidence(logprob: float) -> float:
    """A likely token was drawn from a peaked distribution: its confidence is high."""
    return 12.0 + 6.0 * logprob


def script(request: Generate) -> tuple[list[str], EndReason]:
    """All tokens the branch will say, and why it ends. The last token of an ended turn is empty."""
    node = request.node
    parts = node.turn()
    is_greedy = request.sampling.temperature == 0
    opening = parts[0]
    # Greedy branches do not differ by node, so that equal paths continue equally.
    key = "".join(part.text for part in parts) if is_greedy else str(node.id)
    asked = [part.text for part in opening.path()[:-1]] + [opening.instruction]
    turn_key = "".join(asked) if is_greedy else str(opening.id)
    said = re.split(_RESTART, node.turn_text)[-1]
    replies = {prompts.GENERAL[name]: reply for name, reply in _REPLIES.items()}
    is_thinking = opening.thinking is not False and "</think>" not in said
    if opening.instruction in replies:
        lines = [replies[opening.instruction](request.seed, turn_key)]
    else:
        steps, answer = _plan(node, request.seed, turn_key)
        at = said.count("\n")
        answer = _slip(answer, request.seed, key, "answer")
        steps = steps if is_thinking else ()
        lines = [_slip(step, request.seed, key, i) + "\n" for i, step in enumerate(steps) if i >= at]
        lines.append(f"</think> {answer}" if is_thinking else f" {answer}")
    is_step = request.stop == STEP and len(lines) > 1
    is_thought = request.stop == THOUGHT and is_thinking and "</think>" in lines[-1]
    if is_step:
        lines = lines[:1]
    if is_thought:
        lines[-1] = "</think>"
    tokens = [token for line in lines for token in TOKEN.findall(line)]
    tokens += [] if is_step or is_thought else [""]
    limit = request.sampling.max_tokens or PROFILE.max_new_tokens
    if len(tokens) > limit:
        return tokens[:limit], "length"
    return tokens, "stop" if is_step or is_thought else "end"


def _plan(node: Node, seed: int, key: str) -> tuple[tuple[str, ...], str]:
    """The steps and the answer that a turn follows."""
    problem = node.tree.problem
    is_known = problem is not None and problem.task in FAMILIES
    return _planned(node.tree.root.text, problem if is_known else None, seed, key)


@lru_cache(maxsize=4096)  # a turn that is asked for step by step asks for its plan at every step
def _planned(question: str, problem: Problem | None, seed: int, key: str) -> tuple[tuple[str, ...], str]:
    rng = random.Random(f"{seed}/{question}/{key}/plan")
    if problem is not None and problem.task is not None:
        solution = FAMILIES[problem.task].solve(problem, rng)
        if solution is not None:
            return solution.steps, solution.answer
    total = rng.randint(1, 12)
    steps = []
    for _ in range(rng.randint(2, 4)):
        more = rng.randint(1, 9)
        steps.append(f"{total} + {more} = {total + more}")
        total += more
    return tuple(steps), str(rng.choice([total, total, 42]))


def _critique(seed: int, key: str) -> str:
    if _uniform(seed, key, "critique") < 0.4:
        return " Every step is right."
    return f" Step {1 + int(2 * _uniform(seed, key, 'step'))} is wrong."


def _value(seed: int, key: str) -> str:
    """One of the words asked for, and now and then something else."""
    return f" {('sure', 'likely', 'impossible', 'perhaps')[int(3.4 * _uniform(seed, key, 'value'))]}"


def _verdict(seed: int, key: str) -> str:
    """A verdict as it was asked for, and now and then none."""
    ending = ("Verdict: right", "Verdict: wrong", "It may be right.")[int(2.3 * _uniform(seed, key, "judge"))]
    return f" The steps follow.\n{ending}"


_REPLIES = {"critique": _critique, "value": _value, "judge": _verdict}


def _slip(text: str, *key: object) -> str:
    """The text, or now and then the text with its last digit changed."""
    digits = [i for i, letter in enumerate(text) if letter.isdigit()]
    if not digits or _uniform(*key, "slip") >= SLIP:
        return text
    i = digits[-1]
    other = (int(text[i]) + 1 + int(8 * _uniform(*key, "digit"))) % 10
    return f"{text[:i]}{other}{text[i + 1 :]}"


def _uniform(*key: object) -> float:
    """A number in [0, 1) that depends on nothing but `key`."""
    digest = hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
