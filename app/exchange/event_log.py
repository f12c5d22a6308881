"""The log of events: a line for the run as it ended, then a line for each event, token by token.

    {"run": {…the record without its nodes…}}
    {"seq": 0, "at_s": 0.0, "kind": "added", "node": 0, "data": {…}}

Several runs follow one another. What is read is the log itself, so a replay has every moment.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app.exchange.records import run_of
from engine.errors import BadInput
from engine.runs import Run
from engine.tree import Event

KINDS = ("added", "tokens", "finished", "scored", "visited", "judged", "answered", "ended")


def write(runs: Sequence[Run]) -> bytes:
    """The file."""
    lines: list[str] = []
    for run in runs:
        lines.append(json.dumps({"run": run.facts()}, ensure_ascii=False))
        lines += [json.dumps(plain(event), ensure_ascii=False) for event in run.tree.events]
    return "".join(f"{line}\n" for line in lines).encode()


def plain(event: Event) -> dict[str, Any]:
    """An event as plain JSON values."""
    return {"seq": event.seq, "at_s": event.at_s, "kind": event.kind, "node": event.node, "data": event.data}


def read(text: str) -> list[Run]:
    """Raises BadInput, naming the line that is wrong."""
    heads: list[Any] = []
    logs: list[list[Event]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            if "run" in value:
                heads.append(value["run"])
                logs.append([])
            else:
                logs[-1].append(event_of(value, len(logs[-1])))
        except (ValueError, TypeError, LookupError, RecursionError):
            raise BadInput(f"Line {number} is no event of a run's log.") from None
    return [run_of(head, log) for head, log in zip(heads, logs, strict=True)]


def event_of(value: Any, seq: int) -> Event:
    """One event from plain values; its number is its place. Raises TypeError or LookupError."""
    kind, node, data, at_s = value["kind"], value["node"], value["data"], value["at_s"]
    is_sound = kind in KINDS and isinstance(data, dict) and isinstance(at_s, int | float)
    if not is_sound or not (node is None or isinstance(node, int)) or (node is None and kind != "ended"):
        raise TypeError("no event")
    return Event(seq, float(at_s), kind, node, data)
