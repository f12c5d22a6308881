"""The reasoning tree, and the append-only log of events that grows it.

Knows how a node is born, grows, is scored, judged and chosen, and how to rebuild the same tree from its
events. Does not know models, strategies, budgets or storage. The live page, the saved run and the replay
are all readings of one log, so a change to a node that is not an event does not exist.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from engine.tasks.problem import Problem

Kind = Literal["question", "step", "answer", "critique", "revision", "execution"]
Status = Literal["growing", "kept", "pruned", "selected", "finished", "aborted"]
EventKind = Literal["added", "tokens", "finished", "scored", "visited", "judged", "answered", "ended"]

KINDS: tuple[Kind, ...] = get_args(Kind)
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one tree.

    `seq` counts from 0 without gaps inside a run; `at_s` is seconds since the run began; `node` is the id
    of the node concerned, or None for the run itself; `data` holds plain JSON values only.
    """

    seq: int
    at_s: float
    kind: EventKind
    node: int | None
    data: dict[str, Any]


@dataclass(eq=False, slots=True)
class Node:
    """One segment of text in the tree: the question, a step, an answer, a critique, a revision.

    A node owns only its own tokens; what the model read before them is the path from the root. Strategies
    read nodes freely and change them only by `keep`, `prune` and `note`, which are logged.
    """

    id: int
    parent: Node | None
    tree: Tree = field(repr=False)
    kind: Kind = "step"
    instruction: str = ""  # a user turn put before this node's text; "" continues the parent's turn
    thinking: bool | None = None  # for the turn this node opens: think, answer at once, or model's default
    forced: str = ""  # the beginning of `text` that was put in, not generated; the model read it as its own
    struck: int = 0  # characters at the end of the parent's text that are not read before this node
    text: str = ""
    tokens: int = 0  # generated tokens of this node's own text; 0 for the question
    logprob: float = 0.0  # sum of ln p of its own tokens
    confidence: float | None = None  # mean over own tokens of -mean(ln p of the top 20) (arXiv 2508.15260)
    pieces: list[str] = field(default_factory=list, repr=False)  # the text of each token, in order
    token_logprobs: list[float] = field(default_factory=list, repr=False)  # ln p of each token
    token_confidences: list[float] = field(default_factory=list, repr=False)  # of each, where it is known
    scores: dict[str, float] = field(default_factory=dict)  # by scorer, each in [0, 1]
    step_scores: dict[str, list[float]] = field(default_factory=dict)  # process scorers: one a step in text
    search: dict[str, Any] = field(default_factory=dict)  # visits, value, the UCT terms at each selection
    status: Status = "growing"
    reason: str = ""  # why the status is what it is, for a person
    answer: str | None = None  # canonical final answer of the path, once is_final
    is_final: bool = False  # the model ended its turn here
    created_s: float = 0.0
    finished_s: float | None = None

    @property
    def depth(self) -> int:
        """Edges from the root; the question has depth 0."""
        return sum(1 for _ in self.path()) - 1

    def path(self) -> list[Node]:
        """All nodes from the root to this one, both included."""
        node: Node | None = self
        nodes: list[Node] = []
        while node is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]

    def turn(self) -> list[Node]:
        """The path since the last user turn: the nodes that the assistant's current turn consists of.

        What a check found is said by nobody: `execution` nodes are left out.
        """
        nodes = [node for node in self.path()[1:] if node.kind != "execution"]
        starts = [i for i, node in enumerate(nodes) if node.instruction]
        return nodes[starts[-1] :] if starts else nodes

    @property
    def turn_text(self) -> str:
        """What the assistant has said since the last user turn, this node included."""
        said = ""
        for node in self.turn():
            said = said[: len(said) - node.struck] + node.text
        return said

    def keep(self, reason: str) -> None:
        """Mark the node as kept in the search. `reason` is one sentence for a person."""
        self.tree.judge(self, "kept", reason)

    def prune(self, reason: str) -> None:
        """Mark the node as dropped from the search. `reason` is one sentence for a person."""
        self.tree.judge(self, "pruned", reason)

    def note(self, **search: Any) -> None:
        """Record search statistics (visits, value, exploration, …); plain JSON values only."""
        self.tree.record("visited", self, search=search)


class Tree:
    """One run's nodes and the log of everything that happened to them.

    Reading from other threads is safe: both lists only ever grow, and an event is appended after its
    change has been made. `seed` is the run's, for strategies that draw random numbers of their own.
    """

    def __init__(
        self,
        question: str,
        problem: Problem | None = None,
        clock: Callable[[], float] | None = None,
        seed: int = 0,
    ):
        self.problem = problem
        self.seed = seed
        self.nodes: list[Node] = []
        self.events: list[Event] = []
        self._clock = clock or _stopwatch()
        self.root = self.add(None, kind="question")
        self.finish(self.root, text=question, is_final=False)

    def add(
        self,
        parent: Node | None,
        kind: Kind = "step",
        instruction: str = "",
        thinking: bool | None = None,
        forced: str = "",
        struck: int = 0,
    ) -> Node:
        """Add a growing node under `parent` and return it. Ids count up from 0 in the order of birth."""
        event = self.record(
            "added",
            len(self.nodes),
            parent=None if parent is None else parent.id,
            kind=kind,
            instruction=instruction,
            thinking=thinking,
            forced=forced,
            struck=struck,
        )
        assert event.node is not None
        return self.nodes[event.node]

    def append(
        self, node: Node, pieces: Sequence[str], logprobs: Sequence[float], confidences: Sequence[float] = ()
    ) -> None:
        """Append freshly generated tokens: their texts, their ln p, and their confidences where known."""
        self.record(
            "tokens",
            node,
            pieces=list(pieces),
            logprobs=[round(p, 5) for p in logprobs],
            confidences=[round(c, 4) for c in confidences],
        )

    def finish(
        self,
        node: Node,
        *,
        text: str | None = None,
        is_final: bool,
        confidence: float | None = None,
        answer: str | None = None,
        reason: str = "",
    ) -> None:
        """Generation of the node has ended; `text` overrides the joined pieces where given."""
        self.record(
            "finished",
            node,
            text=node.text if text is None else text,
            is_final=is_final,
            confidence=None if confidence is None else round(confidence, 5),
            answer=answer,
            reason=reason,
        )

    def abort(self, node: Node, reason: str) -> None:
        """Generation of the node was stopped before its end; what it has stays."""
        self.judge(node, "aborted", reason)

    def score(self, node: Node, by: str, value: float, steps: Sequence[float] | None = None) -> None:
        """Record a score in [0, 1] under the scorer's name; `steps` one value a step, for process scorers."""
        self.record(
            "scored",
            node,
            by=by,
            value=round(float(value), 6),
            steps=None if steps is None else [round(float(s), 6) for s in steps],
        )

    def judge(self, node: Node, status: Status, reason: str) -> None:
        """Set a node's status, with the reason a person reads."""
        self.record("judged", node, status=status, reason=reason)

    def answered(self, node: Node, reason: str) -> None:
        """The run answers with `node`: its path is selected."""
        for step in node.path():
            self.judge(step, "selected", reason if step is node else "On the path of the chosen answer.")
        self.record("answered", node)

    def record(self, kind: EventKind, node: Node | int | None, /, **data: Any) -> Event:
        """Apply one change and append it to the log."""
        node_id = node.id if isinstance(node, Node) else node
        event = Event(len(self.events), round(self._clock(), 6), kind, node_id, data)
        self._apply(event)
        self.events.append(event)
        return event

    def _apply(self, event: Event) -> None:
        data = event.data
        if event.kind == "ended" or event.node is None:
            return
        if event.kind == "added":
            parent = None if data["parent"] is None else self.nodes[data["parent"]]
            node = Node(event.node, parent, self, data["kind"], data["instruction"], data["thinking"])
            node.forced = node.text = data.get("forced", "")  # logs of older versions know no forced text
            node.struck = data.get("struck", 0)
            node.created_s = event.at_s
            self.nodes.append(node)
            return
        node = self.nodes[event.node]
        match event.kind:
            case "tokens":
                node.pieces += data["pieces"]
                node.token_logprobs += data["logprobs"]
                node.token_confidences += data.get("confidences", ())
                node.text += "".join(data["pieces"])
                node.tokens += len(data["pieces"])
                for logprob in data["logprobs"]:
                    node.logprob += logprob
            case "finished":
                node.text, node.is_final = data["text"], data["is_final"]
                node.confidence, node.answer = data["confidence"], data["answer"]
                node.status, node.reason = "finished", data["reason"]
                node.finished_s = event.at_s
            case "scored":
                node.scores[data["by"]] = data["value"]
                if data["steps"] is not None:
                    node.step_scores[data["by"]] = data["steps"]
            case "visited":
                node.search.update(data["search"])
            case "judged":
                node.status, node.reason = data["status"], data["reason"]
                if data["status"] == "aborted":
                    node.finished_s = event.at_s
            case _:
                pass

    @classmethod
    def replay(cls, events: Iterable[Event], problem: Problem | None = None) -> Tree:
        """Rebuild a tree from its log; equal to the live tree at the same event."""
        tree = cls.__new__(cls)
        tree.problem, tree.nodes, tree.events, tree._clock, tree.seed = problem, [], [], _stopwatch(), 0
        for event in events:
            tree._apply(event)
            tree.events.append(event)
        tree.root = tree.nodes[0]
        return tree


def _stopwatch() -> Callable[[], float]:
    start = time.perf_counter()
    return lambda: time.perf_counter() - start
