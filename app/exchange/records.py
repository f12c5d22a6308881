"""The record of a run as a run again: what a file says is checked, and the log is rebuilt from the nodes.

Knows the stable JSON record (`Run.record`). A file comes from anywhere: every value is checked before it is
kept or shown. A record has no log; the one made here passes through the same nodes at the same times, and
ends with every node as the record has it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, cast, get_args

from ulid import ULID

from engine.budget import Budget
from engine.errors import BadInput
from engine.runs import Origin, Run, RunSpec, RunStatus, Usage
from engine.tasks import recalled
from engine.tree import KINDS, STATUSES, Event, EventKind, Node, Tree

MAX_NODES = 200_000
MAX_DEPTH = 1_000
MAX_TEXT_CHARACTERS = 4_000_000
Record = Mapping[str, Any]


def run_of(record: Any, events: Sequence[Event] | None = None) -> Run:
    """The finished run that a record describes; `events` is its log where that is known.

    Raises BadInput, saying which value is wrong.
    """
    if not isinstance(record, Mapping):
        raise BadInput("This is no record of a run: a JSON object is expected.")
    spec = spec_of(record)
    run_id = _text(record, "id")
    try:
        ULID.from_str(run_id)
    except ValueError:
        raise BadInput(f"The record's id {run_id[:40]!r} is none of Ponder's.") from None
    status = _text(record, "status")
    if status not in get_args(RunStatus) or status in ("queued", "running"):
        raise BadInput(f"Only a run that is over can be read, not one that is {status[:40]!r}.")
    log = list(events) if events is not None else log_of(record, status)
    tree = replayed(log)
    tree.problem = recalled(tree.root.text, spec.task, spec.expected, spec.tests)
    answer_node = _answer_node(record, len(tree.nodes))
    return Run(
        id=run_id,
        spec=spec,
        tree=tree,
        status=cast(RunStatus, status),
        status_reason=_text(record, "status_reason", ""),
        answer_node=None if answer_node is None else tree.nodes[answer_node],
        answer=_maybe(record, "answer", str),
        is_correct=_maybe(record, "is_correct", bool),
        usage=_usage(record),
        environment=dict(_object(record, "environment")),
        forecast=None if record.get("forecast") is None else dict(_object(record, "forecast")),
        created_at=_moment(record),
    )


def spec_of(record: Any) -> RunSpec:
    """The settings in a record, which need not be of a whole run. Raises BadInput."""
    if not isinstance(record, Mapping):
        raise BadInput("This is no record of a run: a JSON object is expected.")
    budget = _object(record, "budget")
    known = {field.name for field in fields(Budget)}
    if strange := set(budget) - known:
        raise BadInput(f"The record's budget has {min(strange)!r}, which is no limit.")
    origin = record.get("origin")
    tests = record.get("tests")
    if tests is not None and not isinstance(tests, str | list):
        raise BadInput("The record's tests must be Python source or a list of pairs.")
    return RunSpec(
        problem=_text(record, "problem"),
        model=_text(record, "model"),
        strategy=_text(record, "strategy"),
        params=dict(_object(record, "params")),
        task=_maybe(record, "task", str),
        expected=_maybe(record, "expected", str),
        seed=_whole(record, "seed"),
        budget=Budget(**budget),
        tests=tests,
        origin=None if origin is None else _origin(origin),
    )


def log_of(record: Record, status: str) -> list[Event]:
    """A log that ends with the nodes of the record. Raises BadInput."""
    nodes = record.get("nodes")
    if not isinstance(nodes, Sequence) or isinstance(nodes, str) or not nodes:
        raise BadInput("The record has no nodes.")
    if len(nodes) > MAX_NODES:
        raise BadInput(f"The record has {len(nodes):,} nodes; at most {MAX_NODES:,} are read.")
    changes: list[tuple[float, int, int, str, dict[str, Any]]] = []  # time, order, node, kind, data
    for place, node in enumerate(nodes):
        _check_node(node, place)
        changes += _changes(node)
    changes.sort(key=lambda change: change[:3])
    end_s = max(change[0] for change in changes)
    log = [Event(i, at, cast(EventKind, kind), id, data) for i, (at, _, id, kind, data) in enumerate(changes)]
    answer_node = _answer_node(record, len(nodes))
    if answer_node is not None:
        log.append(Event(len(log), end_s, "answered", answer_node, {}))
    ended = {"status": status, "reason": _text(record, "status_reason", "")}
    log.append(Event(len(log), end_s, "ended", None, ended))
    return log


def replayed(log: Iterable[Event]) -> Tree:
    """The tree of a log from elsewhere. Raises BadInput where the log does not hold together."""
    try:
        tree = Tree.replay(log)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"The log does not hold together: {type(error).__name__} {error}.") from None
    depths: list[int] = []
    for place, node in enumerate(tree.nodes):
        is_told_apart = node.id == place and (node.parent is None) == (place == 0)
        if not is_told_apart or node.kind not in KINDS or node.status not in STATUSES:
            raise BadInput(f"The log does not hold together at node {place}.")
        depths.append(0 if node.parent is None else depths[node.parent.id] + 1)
        if depths[-1] > MAX_DEPTH:
            raise BadInput(f"The tree is more than {MAX_DEPTH:,} nodes deep, which no strategy makes.")
        if not _is_sound(node):
            raise BadInput(f"The log gives node {place} a value of the wrong type.")
    return tree


def _is_sound(node: Node) -> bool:
    """Whether what a log from elsewhere made of a node has the types that the page and the store rely on."""
    texts = (node.text, node.reason, node.instruction, node.forced, *node.pieces)
    numbers = (*node.token_logprobs, *node.token_confidences, *node.scores.values(), node.created_s)
    maybe = (node.confidence, node.finished_s)
    steps = [value for values in node.step_scores.values() for value in values]
    return (
        all(isinstance(text, str) for text in texts)
        and (node.answer is None or isinstance(node.answer, str))
        and all(_is_finite(number) for number in (*numbers, *steps))
        and all(number is None or _is_finite(number) for number in maybe)
        and isinstance(node.struck, int)
        and (node.thinking is None or isinstance(node.thinking, bool))
        and isinstance(node.is_final, bool)
        and len(node.pieces) == len(node.token_logprobs)
        and all(isinstance(name, str) for name in (*node.scores, *node.step_scores, *node.search))
    )


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _changes(node: Record) -> list[tuple[float, int, int, str, dict[str, Any]]]:
    """What happened to one node, in order: born, written, ended, scored, visited, judged."""
    id, born = node["id"], _number(node, "created_s")
    ended = _maybe(node, "finished_s", float)
    at = born if ended is None else ended
    forced = _text(node, "forced", "")
    birth = {
        "parent": node["parent"],
        "kind": node["kind"],
        "instruction": _text(node, "instruction", ""),
        "thinking": _maybe(node, "thinking", bool),
        "forced": forced,
        "struck": _whole(node, "struck", 0),
    }
    made: list[tuple[float, int, int, str, dict[str, Any]]] = [(born, id * 8, id, "added", birth)]

    def put(kind: str, data: dict[str, Any]) -> None:
        made.append((at, id * 8 + len(made), id, kind, data))

    pieces = _list(node, "pieces", str)
    if pieces:
        put(
            "tokens",
            {
                "pieces": pieces,
                "logprobs": _list(node, "token_logprobs", float),
                "confidences": _list(node, "token_confidences", float),
            },
        )
    is_aborted = node["status"] in ("aborted", "growing")
    if not is_aborted:
        put(
            "finished",
            {
                "text": _text(node, "text"),
                "is_final": _maybe(node, "is_final", bool) or False,
                "confidence": _maybe(node, "confidence", float),
                "answer": _maybe(node, "answer", str),
                "reason": _text(node, "reason", ""),
            },
        )
    for scorer, value in _object(node, "scores").items():
        steps = _object(node, "step_scores").get(scorer)
        put("scored", {"by": str(scorer), "value": _finite(value, f"score by {scorer}"), "steps": steps})
    if search := _object(node, "search"):
        put("visited", {"search": dict(search)})
    if node["status"] != "finished":
        judged = "aborted" if is_aborted else node["status"]
        put("judged", {"status": judged, "reason": _text(node, "reason", "")})
    return made


def _check_node(node: Any, place: int) -> None:
    if not isinstance(node, Mapping) or node.get("id") != place:
        raise BadInput(f"Node {place} of the record is not where it should be.")
    parent = node.get("parent")
    is_parent = parent is None if place == 0 else isinstance(parent, int) and 0 <= parent < place
    if not is_parent or isinstance(parent, bool):
        raise BadInput(f"Node {place} of the record has no parent among those before it.")
    if node.get("kind") not in KINDS or node.get("status") not in STATUSES:
        raise BadInput(f"Node {place} of the record has an unknown kind or status.")


def _answer_node(record: Record, count: int) -> int | None:
    node = _maybe(record, "answer_node", int)
    if node is not None and not 0 <= node < count:
        raise BadInput(f"The record's answer_node is {node}, which it has not.")
    return node


def _origin(value: Any) -> Origin:
    if not isinstance(value, Mapping):
        raise BadInput("The record's origin must be an object.")
    return Origin(_text(value, "run"), _whole(value, "node"), _maybe(value, "steps", int))


def _usage(record: Record) -> Usage:
    given = _object(record, "usage")
    usage = Usage()
    for field in fields(Usage):
        if given.get(field.name) is not None:
            value = _finite(given[field.name], field.name)
            setattr(usage, field.name, int(value) if isinstance(getattr(usage, field.name), int) else value)
    return usage


def _moment(record: Record) -> datetime:
    try:
        found = datetime.fromisoformat(_text(record, "created_at"))
    except ValueError:
        raise BadInput("The record's created_at is no date and time.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _text(record: Record, name: str, otherwise: str | None = None) -> str:
    value = record.get(name, otherwise)
    if value is None and otherwise is not None:
        return otherwise
    if not isinstance(value, str):
        raise BadInput(f"The record's {name} must be text.")
    if len(value) > MAX_TEXT_CHARACTERS:
        raise BadInput(f"The record's {name} has {len(value):,} characters, which is too long.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadInput(f"The record's {name} contains broken characters.") from None
    return value.replace("\0", "")


def _object(record: Record, name: str) -> Mapping[str, Any]:
    value = record.get(name) or {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise BadInput(f"The record's {name} must be an object.")
    return value


def _maybe(record: Record, name: str, kind: type) -> Any:
    value = record.get(name)
    if value is None:
        return None
    if kind is float:
        return _finite(value, name)
    if kind is str:
        return _text(record, name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadInput(
            f"The record's {name} must be {'true or false' if kind is bool else 'a whole number'}."
        )
    return value


def _whole(record: Record, name: str, otherwise: int | None = None) -> int:
    value = _maybe(record, name, int)
    if value is not None:
        return value
    if otherwise is None:
        raise BadInput(f"The record has no {name}.")
    return otherwise


def _number(record: Record, name: str) -> float:
    return _finite(record.get(name, 0.0), name)


def _finite(value: Any, name: str) -> float:
    if not _is_finite(value):
        raise BadInput(f"The record's {name} must be a number.")
    return value


def _list(record: Record, name: str, kind: type) -> list[Any]:
    values = record.get(name)
    if values is None:
        return []
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise BadInput(f"The record's {name} must be a list.")
    if kind is float:
        return [_finite(value, name) for value in values]
    if not all(isinstance(value, kind) for value in values):
        raise BadInput(f"The record's {name} must be a list of texts.")
    return list(values)
