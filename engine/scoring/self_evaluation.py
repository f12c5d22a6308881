"""Self-evaluation: the model's own probability of "yes" when it is asked whether it is right so far.

Knows the question, and which tokens mean yes and no. Does not know the truth. The question is put as a user
turn after the node and nothing is generated: one forward reads it for all nodes, over the keys and values the
model kept while it wrote.
Source: Kadavath et al. 2022 (arXiv 2207.05221, section 3), asked of partial solutions.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine import prompts
from engine.backends.local import LocalBackend
from engine.backends.transcript import Context
from engine.decoding import memory
from engine.decoding.packing import Read
from engine.scoring.protocol import Verdict
from engine.tree import Node

YES = ("yes", " yes", "Yes", " Yes", "YES")
NO = ("no", " no", "No", " No", "NO")
MIN_MASS = 1e-6  # of the next token's probability on yes and no together; below it the model has not answered


class SelfEvaluation:
    """P(yes) / (P(yes) + P(no)) of the next token after the question, by the policy itself."""

    name = "self_evaluation"
    is_exact = False

    def __init__(self, backend: LocalBackend) -> None:
        self.parameters = backend.parameters
        self._backend = backend
        self._yes = self._first_tokens(YES)
        self._no = [token for token in self._first_tokens(NO) if token not in self._yes]

    def cost(self, nodes: Sequence[Node]) -> list[int]:
        """Tokens of the question, and of what stands before it and was not read yet."""
        planned: dict[int, dict] = {}  # by tree, the paths planned so far, as nested dicts by token
        costs: list[int] = []
        for node in nodes:
            ids = self._asked(node).ids
            if len(ids) > self._backend.context_tokens:
                costs.append(0)
                continue
            # The last token is always read: its output is what is wanted.
            known = min(self._backend.runner.match(self._key(node), ids).known, len(ids) - 1)
            at_node, new = planned.setdefault(id(node.tree), {}), 0
            for at, token in enumerate(ids):
                if token not in at_node:
                    at_node[token] = {}
                    new += at >= known
                at_node = at_node[token]
            costs.append(new)
        return costs

    def score(self, nodes: Sequence[Node]) -> list[Verdict]:
        """One value a node; an abstention where the model would answer neither yes nor no.

        It also abstains where the question does not fit into the model's context any more.
        """
        costs = self.cost(nodes)
        asked = [self._asked(node) for node in nodes]
        reads = [
            Read(self._key(node), context.ids, shared=context.first_prompt_tokens)
            if len(context.ids) <= self._backend.context_tokens
            else None
            for node, context in zip(nodes, asked, strict=True)
        ]
        memory.read(self._backend.runner, [read for read in reads if read is not None])
        self._backend.runner.trim()
        return [
            Verdict(None if read is None else self._value(read), None, cost)
            for read, cost in zip(reads, costs, strict=True)
        ]

    def release(self, run_id: str) -> None:
        """The backend's own release frees what was read."""

    def _asked(self, node: Node) -> Context:
        question = prompts.instruction("self_evaluation", self._backend.profile)
        return self._backend.transcript.asked(node, question, False)

    def _key(self, node: Node) -> str:
        return self._backend.transcript.run_id(node.tree)

    def _value(self, read: Read) -> float | None:
        assert read.outputs is not None
        probabilities = read.outputs[0].float().softmax(-1)
        yes, no = float(probabilities[self._yes].sum()), float(probabilities[self._no].sum())
        return yes / (yes + no) if yes + no >= MIN_MASS else None

    def _first_tokens(self, words: Sequence[str]) -> list[int]:
        encode = self._backend.transcript.encode
        return sorted({encode(word)[0] for word in words})
