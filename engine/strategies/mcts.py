"""Monte Carlo tree search over reasoning steps."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Annotated

from engine.budget import BudgetExhausted
from engine.requests import STEP, TURN, Expand, Request, Sampling, Score, Search
from engine.strategies import selection
from engine.strategies.mcts_statistics import Place, back_up, close, find_leaf
from engine.strategies.parameters import Aggregate, Choice, Param, Scorer, Temperature
from engine.tree import Node


def mcts(
    root: Node,
    rollouts: Annotated[int, Param(1, 4096, "New steps whose value is found and backed up.")] = 64,
    width: Annotated[int, Param(1, 64, "Next steps sampled when a node is first expanded.")] = 8,
    c: Annotated[float, Param(0.0, 10.0, "How much UCT explores what it has seldom tried.")] = 1.4,
    depth: Annotated[int, Param(1, 100, "Steps after which a path is finished in one go.")] = 12,
    parallel: Annotated[int, Param(1, 64, "Rollouts in flight at once, kept apart by virtual loss.")] = 8,
    rule: Annotated[
        str, Choice(("uct", "puct"), "What picks the branch to follow; puct weighs by likelihood.")
    ] = "uct",
    value: Annotated[
        str,
        Choice(
            ("mean", "rollout", "process"),
            "What a new step is worth: the score of a real rollout from it, its own score, or their mean.",
        ),
    ] = "mean",
    output: Annotated[
        str,
        Choice(
            ("best", "most_visited", "vote"), "The answer: best score, most visited path, or a weighted vote."
        ),
    ] = "best",
    widening: Annotated[
        float, Param(0.0, 1.0, "How fast a much visited node gets further children; 0 is never.")
    ] = 0.5,
    stop_at: Annotated[float, Param(0.0, 1.0, "A finished answer with this score ends the search.")] = 0.9,
    temperature: Temperature = 0.8,
    scorer: Scorer = "auto",
    aggregate: Aggregate = "last",
) -> Search:
    """Select a promising step, expand it, play to the end, and back the outcome up the whole path.

    A rollout is played step by step, and its steps join the tree, so nothing that was paid for is thrown
    away. Every distinct new child is simulated, a round of them at once. A rollout that does not finish is
    worth 0. Where the scorer says nothing about an unfinished step (the exact verifier), the rollout alone
    decides, whatever `value` says. A branch with nothing left to try is closed: at each of its nodes eight
    draws in a row brought no new step. A finished answer that scores `stop_at` or more ends the search;
    with 1 only certainty does, which an exact scorer has and a model hardly ever.

    Source: Kocsis and Szepesvári 2006 (UCT); Hao et al. 2023 (arXiv 2305.14992) for language models.
    """
    sampling = Sampling(temperature=temperature)
    top = Place(root)
    done = 0
    try:
        while done < rollouts and not top.is_closed:
            # Select. Leaves of one round are kept apart by their virtual loss.
            leaves: list[tuple[Place, int]] = []
            room = min(parallel, rollouts - done)
            while room > 0 and (leaf := find_leaf(top, rule, c, width, widening)):
                n = min(room, leaf.wants(width, widening))
                leaves.append((leaf, n))
                leaf.is_picked = True
                for place in leaf.path():
                    place.virtual += n
                room -= n
            if not leaves:
                break
            # Expand. Repeats of a sibling are merged.
            fresh = yield from expand(leaves, depth, sampling)
            # Simulate and evaluate.
            ends = yield from simulate(fresh, value, scorer, depth, sampling)
            yield Score(to_score(fresh, ends, value, scorer, aggregate), by=scorer)
            # Back up.
            for place, end in zip(fresh, ends, strict=True):
                worth = value_of(place, end, value, scorer, aggregate)
                if worth is not None:
                    back_up(end, worth)
            done += len(fresh)
            for leaf, n in leaves:
                leaf.is_picked = False
                for place in leaf.path():
                    place.virtual -= n
            for place in [*ends, *fresh, *(leaf for leaf, _ in leaves)]:
                close(place, width, widening)
            if any(_score(end, scorer, aggregate) >= stop_at for end in ends if end.node.is_final):
                break
    except BudgetExhausted:
        pass
    return choose(top, output, scorer, aggregate)


def expand(
    leaves: Sequence[tuple[Place, int]], depth: int, sampling: Sampling
) -> Generator[Request, list[Node], list[Place]]:
    """Sample new children of the picked places; the distinct ones among them, in order."""
    fresh: list[Place] = []
    for stop in (STEP, TURN):
        picked = [(leaf, n) for leaf, n in leaves if (leaf.node.depth + 1 < depth) == (stop == STEP)]
        parents = [leaf.node for leaf, n in picked for _ in range(n)]
        children = yield Expand(parents, stop=stop, sampling=sampling, thinking=True)
        places = {leaf.node: leaf for leaf, _ in picked}
        known = [child.node for leaf in places.values() for child in leaf.children]
        distinct = selection.merge_duplicates(children, among=known)
        for leaf, n in picked:
            leaf.drawn += n
            own = [node for node in distinct if node.parent is leaf.node]
            leaf.repeats = 0 if own else leaf.repeats + n
            fresh += [leaf.adopt(node) for node in own]
    return fresh


def simulate(
    fresh: Sequence[Place], value: str, scorer: str, depth: int, sampling: Sampling
) -> Generator[Request, list[Node], list[Place]]:
    """Where the rollout of each new place ends; the place itself where none is played."""
    ends = list(fresh)
    if value == "process":
        yield Score([place.node for place in fresh], by=scorer)
        playing = [i for i, place in enumerate(fresh) if scorer not in place.node.scores]
    else:
        playing = list(range(len(fresh)))
    playing = [i for i in playing if not ends[i].node.is_final]
    while playing:
        for stop in (STEP, TURN):
            now = [i for i in playing if (ends[i].node.depth + 1 < depth) == (stop == STEP)]
            grown = yield Expand([ends[i].node for i in now], stop=stop, sampling=sampling)
            for i, node in zip(now, grown, strict=True):
                ends[i].drawn += 1
                ends[i] = ends[i].adopt(node)
                is_over = node.is_final or node.status == "aborted" or stop == TURN
                if is_over:
                    playing.remove(i)
    return ends


def to_score(
    fresh: Sequence[Place], ends: Sequence[Place], value: str, scorer: str, aggregate: str
) -> list[Node]:
    """The nodes whose scores the values rest on, each path in order, without those scored already."""
    wanted: dict[Node, None] = {}
    for place, end in zip(fresh, ends, strict=True):
        if aggregate != "last":  # the whole turn counts
            wanted.update(dict.fromkeys(node for node in end.node.turn() if scorer not in node.scores))
        if value != "rollout":
            wanted[place.node] = None
        if end.node.is_final:
            wanted[end.node] = None
    return [node for node in wanted if scorer not in node.scores]


def value_of(place: Place, end: Place, value: str, scorer: str, aggregate: str) -> float | None:
    """What the new place is worth in [0, 1], or None where the scorer abstained on all that could tell."""
    process = selection.path_score(place.node, scorer, aggregate)
    if end.node.is_final:
        outcome = selection.path_score(end.node, scorer, aggregate)
    else:
        outcome = None if end is place else 0.0
    if value == "rollout" and outcome is not None:
        return outcome
    if value == "process" and process is not None:
        return process
    known = [score for score in (process, outcome) if score is not None]
    return sum(known) / len(known) if known else None


def choose(top: Place, output: str, scorer: str, aggregate: str) -> Node:
    """The node to answer with. Raises BudgetExhausted where nothing was finished: the best so far answers."""
    finished = selection.candidates(top.node)
    if output == "vote":
        return selection.select(finished, "weighted", scorer, aggregate)
    if output == "most_visited":
        place = top
        while place.children:
            place = max(place.children, key=lambda child: (child.visits, child.mean))
            below = [node for node in finished if place.node in node.path()]
            if not below:
                break
            finished = below
    return selection.select(finished, "best", scorer, aggregate)


def _score(end: Place, scorer: str, aggregate: str) -> float:
    score = selection.path_score(end.node, scorer, aggregate)
    return -1.0 if score is None else score
