"""Fork a run: begin a new tree with the path to a node of an old one, and search on from there.

Knows nodes and which of them can be gone on from. The copied path is text that was put in: the model reads it
as its own, it counts as prompt, and the new run's budget starts anew. Does not know strategies or storage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from engine.errors import BadInput
from engine.runs import Origin, Run, RunSpec
from engine.tree import Node, Tree


def forked(spec: RunSpec, source: Run) -> RunSpec:
    """`spec` on the problem of the run it is forked from. Raises BadInput where that place cannot be used."""
    assert spec.origin is not None
    path_to(source, spec.origin)
    old = source.spec
    return replace(spec, problem=old.problem, task=old.task, expected=old.expected, tests=old.tests)


def path_to(source: Run, origin: Origin) -> list[Node]:
    """The nodes from the question to the one that is gone on from. Raises BadInput where none is."""
    nodes = source.tree.nodes
    if not 0 <= origin.node < len(nodes):
        raise BadInput(f"The run {source.id} has no node {origin.node}; it has {len(nodes)}.")
    node = nodes[origin.node]
    lines = len(lines_of(node))
    if origin.steps is not None and not 0 < origin.steps < max(2, lines):
        raise BadInput(f"Node {node.id} has {lines} lines: fork after one of the first {max(1, lines - 1)}.")
    if node.status == "growing":
        raise BadInput(f"Node {node.id} is still being written; wait for its end.")
    if node.kind in ("critique", "execution"):
        raise BadInput(f"Node {node.id} is no part of a solution; fork from a step.")
    if node.is_final and origin.steps is None:
        raise BadInput(f"Node {node.id} ends its answer: fork from a step before it.")
    if node.parent is not None and not kept_text(node, origin.steps).strip():
        raise BadInput(f"Node {node.id} has no text to go on from; fork from the one before it.")
    return node.path()


def lines_of(node: Node) -> list[str]:
    """The node's text in lines, each with its line ends and with the blank lines after it."""
    lines: list[str] = []
    for line in node.text.splitlines(keepends=True):
        if lines and not line.strip():
            lines[-1] += line
        else:
            lines.append(line)
    return lines


def kept_text(node: Node, steps: int | None) -> str:
    """What of the node's text a fork begins with: all of it, or its first `steps` lines."""
    return node.text if steps is None else "".join(lines_of(node)[:steps])


def graft(tree: Tree, path: Sequence[Node], steps: int | None, run_id: str) -> Node:
    """Copy `path`, without its question, below the root of a new tree; returns the node to go on from.

    Scores come along, log-probabilities do not: nothing of it was generated in this run. What a later node
    had struck from an earlier one is left out.
    """
    parent = tree.root
    for node, following in zip_longest(path[1:], path[2:]):
        text = kept_text(node, steps if following is None else None)
        if following is not None and following.struck:
            text = text[: len(text) - following.struck]
        forced = "" if node.kind == "execution" else text
        copy = tree.add(parent, node.kind, node.instruction, node.thinking, forced)
        is_whole = text == node.text
        tree.finish(
            copy,
            text=text,
            is_final=node.is_final and is_whole,
            answer=node.answer if is_whole else None,
            reason=f"Copied from node {node.id} of run {run_id}.",
        )
        if is_whole:
            for scorer, value in node.scores.items():
                tree.score(copy, scorer, value, node.step_scores.get(scorer))
        parent = copy
    return parent


def copied_steps(source: Run, origin: Origin) -> int:
    """Lines of reasoning that a fork begins with."""
    path = path_to(source, origin)
    turn = path[-1].turn() if path[-1].parent is not None else []
    return sum(len(lines_of(node)) for node in turn[:-1]) + (
        origin.steps or sum(len(lines_of(n)) for n in turn[-1:])
    )
