"""Process reward: a trained model's probability that each step is right, read at the token that ends it.

Knows token-classification models with two labels that read the same conversation and token ids as the policy
(the bundled `ponder-prm-3m`). Does not know how keys and values are kept. Only a node's new tokens are read:
the path before it is in the scorer's own key-value tree. Public process rewards with a layout of their own
need another `Layout`, the rest stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from engine.backends.transcript import Transcript
from engine.decoding import memory
from engine.decoding.choice import runner_for
from engine.decoding.packing import Read
from engine.decoding.stops import StepEnd
from engine.errors import ScorerUnavailable
from engine.scoring.protocol import Verdict
from engine.tree import Node, Tree

KEY_VALUE_BYTES = 512 << 20
RIGHT = 1  # the label of a right step


@dataclass(frozen=True, slots=True)
class Judged:
    """What is read for a node: the whole path's ids, and the positions of its own steps' ends.

    The first `shared` ids are the run's prompt.
    """

    ids: tuple[int, ...]
    positions: tuple[int, ...]
    shared: int = 0


Layout = Callable[[Transcript, Node], Judged]


def step_ends(transcript: Transcript, node: Node) -> Judged:
    """The conversation as the policy wrote it; a step is judged at the token that ends it.

    A last step without an end (the final answer, or one cut short) is judged at the node's last token, the
    end token included. Blank lines are no steps.
    """
    context, own = transcript.path(node), transcript.own_ids(node)
    path = context.ids
    first = len(path) - len(own)
    positions: list[int] = []
    step_end, is_open = StepEnd(transcript.profile.step_ends), False
    for i, piece in enumerate(transcript.pieces(node)):
        is_open = is_open or bool(piece.strip())
        if step_end.push(piece):
            positions.append(first + i)
            is_open = False
    if own and (is_open or not positions):
        positions.append(len(path) - 1)
    return Judged(path, tuple(positions), context.first_prompt_tokens)


class ProcessReward:
    """Scores nodes with a token-classification model of two labels; `transcript` is the policy's.

    Raises ScorerUnavailable if the model's labels or tokenizer do not fit.
    """

    name = "process_reward"
    is_exact = False

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        transcript: Transcript,
        *,
        layout: Layout = step_ends,
        key_value_bytes: int = KEY_VALUE_BYTES,
    ) -> None:
        if model.config.num_labels != 2:
            raise ScorerUnavailable(
                f"This process reward has {model.config.num_labels} labels; two, wrong and right, are needed."
            )
        if tokenizer.get_vocab() != transcript.tokenizer.get_vocab():
            raise ScorerUnavailable("This process reward reads other tokens than the model writes.")
        self.parameters = int(model.num_parameters())
        self.runner, self.why_plain = runner_for(model, key_value_bytes)
        self._transcript = transcript
        self._layout = layout
        self._keys: WeakKeyDictionary[Tree, str] = WeakKeyDictionary()
        self._verdicts: WeakKeyDictionary[Tree, dict[int, Verdict]] = WeakKeyDictionary()
        self._opened = 0

    def cost(self, nodes: Sequence[Node]) -> list[int]:
        """Tokens that would be read for each node: its path's, less what was read before or earlier here."""
        planned: dict[Tree, dict] = {}  # by tree, the paths planned so far, as nested dicts by token
        done: set[Node] = set()
        costs: list[int] = []
        for node in nodes:
            if node in done or node.id in self._verdicts.get(node.tree, {}):
                costs.append(0)
                continue
            done.add(node)
            judged = self._layout(self._transcript, node)
            costs.append(self._new_tokens(node, judged, planned.setdefault(node.tree, {})))
        return costs

    def score(self, nodes: Sequence[Node]) -> list[Verdict]:
        """One value a step of each node's own text; an abstention where it has no text."""
        costs = self.cost(nodes)
        reads: dict[Node, Read] = {}
        tokens: dict[Node, int] = {}
        for node, cost in zip(nodes, costs, strict=True):
            if node in reads or node.id in self._verdicts.get(node.tree, {}):
                continue
            judged = self._layout(self._transcript, node)
            if judged.positions:
                reads[node] = Read(self._key(node.tree), judged.ids, judged.positions, judged.shared)
                tokens[node] = cost
        memory.read(self.runner, list(reads.values()))
        self.runner.trim()
        fresh = {node: _verdict(read, tokens[node]) for node, read in reads.items()}
        for node, verdict in fresh.items():
            # Asked again, it is remembered and reads nothing.
            known = self._verdicts.setdefault(node.tree, {})
            known[node.id] = Verdict(verdict.value, verdict.steps)
        return [
            fresh.pop(node, None) or self._verdicts.get(node.tree, {}).get(node.id, Verdict(None))
            for node in nodes
        ]

    def release(self, run_id: str) -> None:
        tree = self._transcript.tree(run_id)
        if tree is not None and tree in self._keys:
            self.runner.release(self._keys.pop(tree))
            self._verdicts.pop(tree, None)

    def _key(self, tree: Tree) -> str:
        """The name of a tree's keys and values in the runner."""
        if tree not in self._keys:
            self._opened += 1
            self._keys[tree] = str(self._opened)
        return self._keys[tree]

    def _new_tokens(self, node: Node, judged: Judged, planned: dict) -> int:
        """Tokens of the path beyond what was read, or is planned; adds the path to the plan."""
        if not judged.positions:
            return 0
        # What is known is not read again, except from the first position whose output is wanted.
        known = min(self.runner.match(self._key(node.tree), judged.ids).known, judged.positions[0])
        new = 0
        for at, token in enumerate(judged.ids):
            if token not in planned:
                planned[token] = {}
                new += at >= known
            planned = planned[token]
        return new


def _verdict(read: Read, tokens: int) -> Verdict:
    assert read.outputs is not None
    steps = tuple(read.outputs.float().softmax(-1)[:, RIGHT].tolist())
    if any(step != step for step in steps):  # not numbers: a scorer that fails has said nothing
        return Verdict(None, None, tokens)
    return Verdict(steps[-1], steps, tokens)
