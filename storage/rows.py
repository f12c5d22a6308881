"""A run as rows, and rows as a run: pure functions, no session.

Streamed tokens are not stored as events: a node's row holds its pieces, and `run_from_rows` puts them back
as one event before the node ended, so that the replayed tree equals the live one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any, cast

from engine.budget import Budget
from engine.runs import Origin, Run, RunSpec, RunStatus, Usage
from engine.tasks import recalled
from engine.tree import Event, EventKind, Node, Tree
from storage.tables import EventRow, NodeRow, RunRow

TITLE_CHARACTERS = 120


def spec_values(run: Run, writer: str) -> dict[str, Any]:
    """The columns that never change once a run is opened."""
    spec = run.spec
    return {
        "id": run.id,
        "created_at": run.created_at,
        "owner": spec.owner,
        "writer": writer,
        "deleted_at": None,
        "title": title(spec.problem),
        "problem": spec.problem,
        "task": spec.task,
        "expected": spec.expected,
        "tests": spec.tests,
        "model": spec.model,
        "strategy": spec.strategy,
        "params": spec.params,
        "seed": spec.seed,
        "budget": asdict(spec.budget),
        "origin": None if spec.origin is None else asdict(spec.origin),
        "forecast": run.forecast,
        "batch": spec.batch,
        "cell": spec.cell,
    }


def outcome_values(run: Run, status: str) -> dict[str, Any]:
    """The columns that change while a run goes on; `status` is the caller's, see `Progress.status`."""
    return {
        "status": status,
        "status_reason": run.status_reason,
        "answer": run.answer,
        "answer_node": None if run.answer_node is None else run.answer_node.id,
        "is_correct": run.is_correct,
        "usage": asdict(run.usage),
        "spent_tokens": run.usage.spent_tokens,
        "seconds": run.usage.seconds,
        "usd": run.usage.usd,
        "node_count": len(run.tree.nodes),
        "environment": dict(run.environment),
        "search_text": search_text(run),
    }


def node_values(run_id: str, node: Node) -> dict[str, Any]:
    """One node's columns. Copies what the engine's thread may be changing at this moment."""
    known = len(node.token_logprobs)  # appended after the pieces, so never more than those
    pieces = node.pieces[:known]
    return {
        "run_id": run_id,
        "id": node.id,
        "parent": None if node.parent is None else node.parent.id,
        "kind": node.kind,
        "instruction": node.instruction,
        "thinking": node.thinking,
        "text": node.text if node.status != "growing" else node.forced + "".join(pieces),
        "tokens": known,
        "logprob": node.logprob,
        "confidence": node.confidence,
        "pieces": pieces,
        "token_logprobs": node.token_logprobs[:known],
        "token_confidences": node.token_confidences[:known],
        "scores": dict(node.scores),
        "step_scores": dict(node.step_scores),
        "search": dict(node.search),
        "status": node.status,
        "reason": node.reason,
        "answer": node.answer,
        "is_final": node.is_final,
        "created_s": node.created_s,
        "finished_s": node.finished_s,
    }


def event_values(run_id: str, event: Event) -> dict[str, Any]:
    """One event's columns."""
    return {
        "run_id": run_id,
        "seq": event.seq,
        "at_s": event.at_s,
        "kind": event.kind,
        "node": event.node,
        "data": event.data,
    }


def spec_from_row(row: RunRow) -> RunSpec:
    """What was asked of a stored run."""
    return RunSpec(
        problem=row.problem,
        model=row.model,
        strategy=row.strategy,
        params=row.params,
        task=row.task,
        expected=row.expected,
        seed=row.seed,
        budget=Budget(**row.budget),
        owner=row.owner,
        tests=row.tests,
        batch=row.batch,
        cell=row.cell,
        origin=None if row.origin is None else Origin(**row.origin),
    )


def run_from_rows(row: RunRow, nodes: Iterable[NodeRow], events: Sequence[EventRow]) -> Run:
    """The run as it was stored, its tree rebuilt by replaying its log."""
    spec = spec_from_row(row)
    tree = Tree.replay(whole_log(nodes, events))
    # The question as it was understood.
    tree.problem = recalled(tree.root.text, row.task, row.expected, row.tests)
    known = {field.name for field in fields(Usage)}
    return Run(
        id=row.id,
        spec=spec,
        tree=tree,
        status=cast(RunStatus, row.status),
        status_reason=row.status_reason,
        answer_node=None if row.answer_node is None else tree.nodes[row.answer_node],
        answer=row.answer,
        is_correct=row.is_correct,
        usage=Usage(**{name: value for name, value in row.usage.items() if name in known}),
        environment=row.environment,
        forecast=row.forecast,
        created_at=row.created_at,
    )


def whole_log(nodes: Iterable[NodeRow], events: Sequence[EventRow]) -> list[Event]:
    """The log with each node's tokens put back as one event, numbered from 0 without gaps.

    The tokens come just before the event that ended the node's growth, or after its birth if none did.
    """
    tokens = {node.id: node for node in nodes if node.pieces}
    ending = {event.node: event.seq for event in reversed(events) if is_end_of_growth(event)}
    log: list[Event] = []

    def put(at_s: float, kind: str, node: int | None, data: dict[str, Any]) -> None:
        log.append(Event(len(log), at_s, cast(EventKind, kind), node, data))

    for event in events:
        node = tokens.get(event.node) if event.node is not None else None
        grown = None if node is None else tokens_of(node)
        if grown is not None and ending.get(event.node) == event.seq:
            put(event.at_s, "tokens", event.node, grown)
        put(event.at_s, event.kind, event.node, event.data)
        if grown is not None and event.kind == "added" and event.node not in ending:
            put(event.at_s, "tokens", event.node, grown)
    return log


def tokens_of(node: NodeRow) -> dict[str, Any]:
    """A node's tokens as the data of one event."""
    return {
        "pieces": node.pieces,
        "logprobs": node.token_logprobs,
        "confidences": node.token_confidences,
    }


def is_end_of_growth(event: EventRow) -> bool:
    """Whether the event says that its node will get no more tokens."""
    return event.kind == "finished" or (event.kind == "judged" and event.data["status"] == "aborted")


def title(problem: str) -> str:
    """The problem on one line of at most 120 characters."""
    line = " ".join(problem.split())
    return line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1].rstrip() + "…"


def search_text(run: Run) -> str:
    """What a search in History looks through, case folded."""
    spec = run.spec
    words = [
        spec.problem,
        run.answer,
        spec.strategy,
        spec.strategy.replace("_", " "),
        spec.model,
        spec.task,
    ]
    return "\n".join(word for word in words if word).casefold()
