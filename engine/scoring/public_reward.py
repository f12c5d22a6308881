"""Reward models that others have trained: process rewards score each step, outcome rewards an answer.

Knows nodes, layouts and how to batch readings. Does not know any family's format (engine.scoring.layouts) or
how a model is loaded (engine.models.rewards). Such a model reads its own tokens, so the policy's keys and
values are of no use: a path is read whole, once.

Shapes: B texts, T tokens, H hidden, S steps of one text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch

from engine.backends.protocol import Profile
from engine.decoding import memory
from engine.errors import ScorerUnavailable
from engine.scoring.layouts import Layout, Written
from engine.scoring.protocol import Verdict
from engine.tree import Node, Tree

TEXTS_PER_FORWARD = 8


@dataclass(frozen=True, slots=True)
class Reward:
    """A loaded model in two parts: `base` gives hidden states [B, T, H], `head` scores [S] from [S, H].

    Scores are in [0, 1].
    """

    base: Any
    head: Callable[[torch.Tensor], torch.Tensor]
    parameters: int
    context_tokens: int


class PublicReward:
    """A scorer over a `Reward`; `name` is "process_reward" or "outcome_reward".

    An outcome reward was trained on whole answers and abstains on what is not finished; a process reward
    gives one value a step of the node's own text. Both abstain on a text that is longer than they can read.
    """

    is_exact = False

    def __init__(self, name: str, reward: Reward, layout: Layout, profile: Profile) -> None:
        self.name = name
        self.parameters = reward.parameters
        self._reward = reward
        self._layout = layout
        self._profile = profile  # of the model that writes: how its steps end
        self._texts_per_forward = TEXTS_PER_FORWARD
        self._written: WeakKeyDictionary[Tree, dict[int, tuple[Written, int] | None]] = WeakKeyDictionary()
        self._verdicts: WeakKeyDictionary[Tree, dict[int, Verdict]] = WeakKeyDictionary()

    def cost(self, nodes: Sequence[Node]) -> list[int]:
        """Tokens that would be read for each node: its whole text's, once."""
        costs, seen = [], set()
        for node in nodes:
            written = self._write(node)
            is_known = node in seen or node.id in self._verdicts.get(node.tree, {})
            costs.append(0 if written is None or is_known else len(written[0].ids))
            seen.add(node)
        return costs

    def score(self, nodes: Sequence[Node]) -> list[Verdict]:
        """One verdict a node. Raises ScorerUnavailable where the model's output is not a number."""
        costs = self.cost(nodes)
        fresh = [(node, self._write(node)) for node, cost in zip(nodes, costs, strict=True) if cost]
        values = self._read([written[0] for _, written in fresh if written is not None])
        paid: dict[Node, Verdict] = {}
        for (node, written), steps in zip(fresh, values, strict=True):
            assert written is not None
            own = tuple(steps[-written[1] :])
            is_process = self.name == "process_reward"
            paid[node] = Verdict(own[-1], own if is_process else None, len(written[0].ids))
            # Asked again, it is remembered and reads nothing.
            self._verdicts.setdefault(node.tree, {})[node.id] = Verdict(own[-1], paid[node].steps)
        return [
            paid.pop(node, None) or self._verdicts.get(node.tree, {}).get(node.id, Verdict(None))
            for node in nodes
        ]

    def release(self, run_id: str) -> None:
        """Trees are forgotten when their runs are."""

    def _write(self, node: Node) -> tuple[Written, int] | None:
        """What is read for a node and how many steps are its own; None where it abstains."""
        known = self._written.setdefault(node.tree, {})
        if node.id not in known:
            known[node.id] = self._fresh(node)
        return known[node.id]

    def _fresh(self, node: Node) -> tuple[Written, int] | None:
        said = node.turn_text
        if self.name == "outcome_reward":
            if not node.is_final or not said.strip():
                return None
            steps, own = [answer_of(said, self._profile)], 1
        else:
            before = said[: len(said) - len(node.text)]
            steps = steps_of(said, self._profile)
            own = len(steps) - len(steps_of(before, self._profile))
            if not node.text.strip() or not steps:
                return None
            own = max(1, own)  # a node that only adds to an open step is judged by that step
        written = self._layout(node.tree.root.text, steps)
        if len(written.positions) < own:
            raise ScorerUnavailable("This reward found fewer places to judge than there are steps.")
        return (written, own) if len(written.ids) <= self._reward.context_tokens else None

    @torch.inference_mode()
    def _read(self, texts: Sequence[Written]) -> list[list[float]]:
        """The score at each position of each text; fewer texts at once where memory runs out."""
        values: list[list[float]] = []
        while len(values) < len(texts):
            some = texts[len(values) : len(values) + self._texts_per_forward]
            try:
                values += self._forward(some)
            except (RuntimeError, MemoryError) as error:
                if not memory.is_out_of_memory(error) or len(some) == 1:
                    raise
                self._texts_per_forward = len(some) // 2
        return values

    def _forward(self, texts: Sequence[Written]) -> list[list[float]]:
        device = self._reward.base.device
        longest = max(len(text.ids) for text in texts)
        rows = [[*text.ids, *[0] * (longest - len(text.ids))] for text in texts]
        ids = torch.tensor(rows, device=device)  # (B, T), padded on the right: causal models never see it
        lengths = torch.tensor([len(text.ids) for text in texts], device=device)
        mask = (torch.arange(longest, device=device) < lengths[:, None]).long()  # (B, T)
        hidden = self._reward.base(input_ids=ids, attention_mask=mask).last_hidden_state  # (B, T, H)
        values = []
        for row, text in enumerate(texts):
            scores = self._reward.head(hidden[row, list(text.positions)]).float()  # (S,)
            if not bool(scores.isfinite().all()):
                raise ScorerUnavailable("The reward model's output was not a number, so nothing was scored.")
            values.append([min(1.0, max(0.0, score)) for score in scores.tolist()])
        return values


def steps_of(said: str, profile: Profile) -> list[str]:
    """The steps of a turn, without the tags of the thinking and without blank ones."""
    text = said
    for tag in (profile.think_open, profile.think_close):
        text = text.replace(tag, profile.step_ends[0]) if tag else text
    for end in profile.step_ends:
        text = text.replace(end, "\0")
    return [step.strip() for step in text.split("\0") if step.strip()]


def answer_of(said: str, profile: Profile) -> str:
    """What the assistant says after its thinking; all of it where there is no thinking, or nothing after."""
    after = said.rpartition(profile.think_close)[2] if profile.think_close else said
    return (after if after.strip() else said).strip()
