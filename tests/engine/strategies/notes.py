"""What a strategy noted in its tree while it ran, in order: the record that tests recompute from."""

from __future__ import annotations

from typing import Any

from engine.runs import Run
from engine.tree import Node


def notes(done: Run, key: str) -> list[tuple[Node, Any]]:
    """(node, value) for every note of `key`."""
    return [
        (done.tree.nodes[event.node or 0], event.data["search"][key])
        for event in done.tree.events
        if event.kind == "visited" and key in event.data["search"]
    ]
