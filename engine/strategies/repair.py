"""Draft, check, hand back the failure, rewrite."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Annotated

from engine.budget import BudgetExhausted
from engine.requests import TURN, Check, Expand, Request, Sampling, Search
from engine.strategies.parameters import Param, Temperature
from engine.strategies.selection import best, candidates, merge_duplicates
from engine.tree import Node


def repair(
    root: Node,
    rounds: Annotated[int, Param(0, 20, "Most times the drafts are rewritten.")] = 4,
    width: Annotated[int, Param(1, 64, "Drafts kept in each round.")] = 4,
    temperature: Temperature = 0.8,
) -> Search:
    """Write drafts, run the check that exists, show the model what exactly fails, and let it rewrite.

    The check is the problem's own: the tests of a program, the rules of a puzzle, the arithmetic of each
    step; it never knows the expected answer. The first draft that passes is the answer. A draft of which
    nothing can be checked is left as it is. Source: Chen et al. 2023 (self-debugging, arXiv 2304.05128), in
    the tree form of Olausson et al. 2023 (arXiv 2306.09896, section 3.1): several drafts, each with its own
    repairs. Where fewer than `width` drafts fail, each is rewritten several times. The bundled models read
    the latest draft and its failure alone, as in the latter; others the whole conversation, as in the former.
    """
    sampling = Sampling(temperature=temperature)
    try:
        drafts = yield Expand([root], n=width, stop=TURN, sampling=sampling, thinking=True)
        return (yield from mend(root, drafts, rounds, width, sampling))
    except BudgetExhausted:
        # What was written before the end can still be checked at no cost.
        found = candidates(root)
        if not found:
            raise
        yield from check(found)
        return _answer(found)


def mend(
    root: Node, drafts: Sequence[Node], rounds: int, width: int, sampling: Sampling
) -> Generator[Request, list[Node], Node]:
    """Check the drafts of `root` and rewrite those that fail, until one passes; the node to answer with.

    What came to no end is written again: a rewrite for the same failure, a first draft where none ended.
    """
    seen = list(drafts)
    for round in range(rounds + 1):
        unended = [draft for draft in drafts if not draft.is_final]
        findings = yield from check([draft for draft in merge_duplicates(drafts) if draft.is_final])
        failures = [found for found in findings if found.scores.get("check") == 0]
        for failure in failures:
            _parent(failure).prune(f"It fails its check: {failure.text}")
        for draft in unended:
            if draft.status != "aborted":  # that says why itself
                draft.prune("It came to no end.")
        failures += [place for place in dict.fromkeys(map(_parent, unended)) if place is not root]
        has_passed = any(found.scores.get("check") == 1 for found in findings)
        if has_passed or (findings and not failures) or round == rounds:
            break
        if failures:
            parents = [failures[i % len(failures)] for i in range(max(width, len(failures)))]
            drafts = yield Expand(
                sorted(parents, key=lambda node: node.id),
                stop=TURN,
                kind="revision",
                instruction="repair",
                sampling=sampling,
                thinking=True,
            )
        else:
            drafts = yield Expand([root], n=width, stop=TURN, sampling=sampling, thinking=True)
        seen += drafts
    return _answer([draft for draft in seen if draft.is_final] or seen)


def check(drafts: Sequence[Node]) -> Generator[Request, list[Node], list[Node]]:
    """What the check finds of each draft; each is checked once."""
    found = {node.parent: node for node in drafts[0].tree.nodes if node.kind == "execution"} if drafts else {}
    unchecked = [draft for draft in drafts if draft not in found]
    found |= dict(zip(unchecked, (yield Check(unchecked)), strict=True))
    return [found[draft] for draft in drafts]


def _answer(drafts: Sequence[Node]) -> Node:
    """The first draft that passes its check, else one that cannot be checked, else the last round's best."""
    passed = [draft for draft in drafts if draft.scores.get("check") == 1]
    if passed:
        passed[0].keep("It passes its check.")
        return passed[0]
    unchecked = [draft for draft in drafts if "check" not in draft.scores]
    if unchecked:
        chosen = best(unchecked, None)
        if chosen.is_final:
            chosen.keep("Nothing in it can be checked; the likeliest of such drafts.")
        return chosen
    latest = max(draft.depth for draft in drafts)
    chosen = best([draft for draft in drafts if draft.depth == latest], None)
    chosen.keep("No draft passes its check; the likeliest of the last round.")
    return chosen


def _parent(node: Node) -> Node:
    assert node.parent is not None
    return node.parent
