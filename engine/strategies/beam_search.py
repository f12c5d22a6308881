"""Keep the best few partial solutions, step by step."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Annotated

from engine.budget import BudgetExhausted
from engine.requests import STEP, TURN, Expand, Request, Sampling, Score, Search
from engine.strategies import selection
from engine.strategies.parameters import Aggregate, Param, Scorer, Select, Temperature
from engine.strategies.selection import merge_duplicates, path_score, scored
from engine.tree import Node


def beam_search(
    root: Node,
    beams: Annotated[int, Param(1, 64, "Partial solutions kept after each step.")] = 4,
    width: Annotated[int, Param(1, 64, "Next steps tried for each of them.")] = 4,
    depth: Annotated[int, Param(1, 100, "Steps after which what is still open is finished in one go.")] = 12,
    lookahead: Annotated[int, Param(0, 8, "Greedy steps taken ahead before a step is scored.")] = 0,
    temperature: Temperature = 0.8,
    scorer: Scorer = "auto",
    aggregate: Aggregate = "last",
    select: Select = "best",
) -> Search:
    """Grow several next steps from every kept path, score them, keep the best few, and go on.

    The first step draws beams × width from the question. Equal siblings are merged before they are scored.
    With lookahead, a step is scored where its greedy continuation ends. Source: Snell et al. 2024
    (arXiv 2408.03314, section 5); we also keep a finished lookahead as a candidate, since it is paid for,
    and stop once `beams` candidates are finished.
    """
    sampling = Sampling(temperature=temperature)
    active, finished = [root], []
    try:
        for step in range(depth):
            n = width * beams if step == 0 else width
            children = yield Expand(active, n=n, stop=STEP, sampling=sampling, thinking=True)
            children = merge_duplicates(children)
            ends = yield from look_ahead(children, lookahead)
            yield Score(_to_score(ends, scorer, aggregate), by=scorer)
            ranked = sorted(
                zip(children, ends, strict=True),
                key=lambda pair: _rank(pair[1], scorer, aggregate),
                reverse=True,
            )
            finished += [end for _, end in ranked if end.is_final]
            open_pairs = [pair for pair in ranked if not pair[1].is_final]
            active = [child for child, _ in open_pairs[:beams]]
            _judge(open_pairs, beams, scorer, aggregate)
            if not active or len(finished) >= beams:
                break
        else:
            ends = yield Expand(active, stop=TURN, sampling=sampling, thinking=True)
            yield Score(ends, by=scorer)
            finished += ends
    except BudgetExhausted:
        finished = selection.candidates(root)
        if not finished:
            raise
    return selection.select(finished or active, select, scorer, aggregate)


def look_ahead(nodes: Sequence[Node], steps: int) -> Generator[Request, list[Node], list[Node]]:
    """Where each node's greedy continuation of `steps` steps ends; the node itself where steps is 0."""
    ends = list(nodes)
    for _ in range(steps):
        growing = [i for i, end in enumerate(ends) if not end.is_final and end.status != "aborted"]
        grown = yield Expand([ends[i] for i in growing], stop=STEP, sampling=Sampling(temperature=0.0))
        for i, child in zip(growing, grown, strict=True):
            if not child.is_final and child.status != "aborted":
                child.prune("A look ahead, grown only to score what it follows.")
            ends[i] = child
    return ends


def _to_score(ends: Sequence[Node], scorer: str, aggregate: str) -> list[Node]:
    """What the ends' ranks rest on: the whole turn, or with "last" the end alone; without what is scored."""
    wanted = [node for end in ends for node in (end.turn() if aggregate != "last" else [end])]
    return [node for node in dict.fromkeys(wanted) if scorer not in node.scores]


def _rank(end: Node, scorer: str, aggregate: str) -> tuple[bool, float]:
    score = path_score(end, scorer, aggregate)
    return (score is not None, score or 0.0)


def _judge(ranked: Sequence[tuple[Node, Node]], beams: int, scorer: str, aggregate: str) -> None:
    """Keep the first `beams`, prune the rest, and say why with the numbers."""
    kept = ranked[:beams]
    for place, (child, end) in enumerate(ranked, start=1):
        words = scored(end, scorer, aggregate)
        if place <= beams:
            child.keep(f"{words}, place {place} of {len(ranked)}; {len(kept)} are kept.")
        else:
            lowest = scored(kept[-1][1], scorer, aggregate).removeprefix("Scored ")
            child.prune(f"{words}, below the {beams} kept (lowest {lowest[0].lower() + lowest[1:]}).")
