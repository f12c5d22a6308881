"""Diverse verifier tree search: many narrow searches instead of one wide one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from engine.budget import BudgetExhausted
from engine.requests import STEP, TURN, Expand, Sampling, Score, Search
from engine.strategies import selection
from engine.strategies.parameters import Aggregate, Param, Scorer, Select, Temperature
from engine.strategies.selection import merge_duplicates, rank, scored
from engine.tree import Node


def dvts(
    root: Node,
    n: Annotated[int, Param(1, 256, "Next steps tried at each level, over all subtrees.")] = 16,
    width: Annotated[int, Param(1, 64, "Next steps tried in each subtree; n / width subtrees grow.")] = 4,
    depth: Annotated[int, Param(1, 100, "Steps after which what is still open is finished in one go.")] = 12,
    temperature: Temperature = 0.8,
    scorer: Scorer = "auto",
    aggregate: Aggregate = "last",
    select: Select = "weighted",
) -> Search:
    """Grow independent subtrees, each keeping its own best step, so that no early favourite takes them all.

    Each of the n / width subtrees (at least one; a rest is left out) grows `width` next steps, keeps the best
    scored, and goes on from it until that one is final. Source: Beeching, Tunstall and Rush 2024, "Scaling
    test-time compute with open models"; the contrast is the beam search of arXiv 2408.03314. There what a
    subtree holds at the end is answered with, finished or not; only finished chains are candidates here,
    also those that were not the best of their level, and what is open at `depth` is finished in one go.
    """
    sampling = Sampling(temperature=temperature)
    heads = [root] * max(1, n // width)
    try:
        for _ in range(depth):
            children = yield Expand(heads, n=width, stop=STEP, sampling=sampling, thinking=True)
            subtrees = [merge_duplicates(children[at : at + width]) for at in range(0, len(children), width)]
            yield Score([child for subtree in subtrees for child in subtree], by=scorer)
            bests = [_keep_best(subtree, scorer, aggregate) for subtree in subtrees if subtree]
            heads = [best for best in bests if not best.is_final]
            if not heads:
                break
        ends = yield Expand(heads, stop=TURN, sampling=sampling, thinking=True)
        yield Score([end for end in ends if end.is_final], by=scorer)
    except BudgetExhausted:
        if not selection.candidates(root):
            raise
    return selection.select(selection.candidates(root) or heads, select, scorer, aggregate)


def _keep_best(subtree: Sequence[Node], scorer: str, aggregate: str) -> Node:
    """The best scored step of one subtree; the open others are pruned, and say by how much."""
    best = max(subtree, key=lambda node: rank(node, scorer, aggregate)[1:])
    words = scored(best, scorer, aggregate)
    best.keep(f"{words}, the best of the {len(subtree)} steps of its subtree.")
    for node in subtree:
        if node is not best and not node.is_final:
            node.prune(
                f"{scored(node, scorer, aggregate)}; its subtree keeps node {best.id} ({words.lower()})."
            )
    return best
