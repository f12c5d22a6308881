"""Turn step scores into path scores, and candidates into one chosen answer.

Knows scores, log-probabilities and canonical answers. Does not know how candidates were found. Shared by
every strategy, and by the scheduler where a budget ends a run before its strategy could choose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from engine import answers
from engine.budget import BudgetExhausted
from engine.tree import Node

Aggregation = Literal["last", "min", "product", "mean"]
Rule = Literal["best", "weighted", "majority"]

AGGREGATIONS: tuple[str, ...] = ("last", "min", "product", "mean")
RULES: tuple[str, ...] = ("best", "weighted", "majority")


def aggregate(scores: Sequence[float], how: str) -> float:
    """One number for a path of step scores in [0, 1]. `scores` must not be empty."""
    match how:
        case "last":
            return scores[-1]
        case "min":
            return min(scores)
        case "product":
            return math.prod(scores)
        case "mean":
            return sum(scores) / len(scores)
    raise ValueError(f"unknown aggregation {how!r}")


def path_score(node: Node, scorer: str | None, how: str = "last") -> float | None:
    """The score of the assistant's turn up to `node`, or None where the scorer said nothing about `node`.

    A process scorer gives one score a step, over all nodes of the turn; another scorer one score a node.
    """
    if scorer is None or scorer not in node.scores:
        return None
    scores: list[float] = []
    for part in node.turn():
        if scorer in part.scores:
            scores += part.step_scores.get(scorer) or [part.scores[scorer]]
    return aggregate(scores, how)


def mean_logprob(node: Node) -> float:
    """Mean ln p over the tokens of the turn up to `node`; -inf where there are none."""
    turn = node.turn()
    tokens = sum(part.tokens for part in turn)
    return sum(part.logprob for part in turn) / tokens if tokens else -math.inf


def rank(node: Node, scorer: str | None, how: str = "last") -> tuple[bool, bool, float, float]:
    """The order of candidates: finished, then scored, then by score, then by mean log-probability."""
    score = path_score(node, scorer, how)
    return (node.is_final, score is not None, score or 0.0, mean_logprob(node))


def best(nodes: Sequence[Node], scorer: str | None, how: str = "last") -> Node:
    """The highest ranked node; ties to the first seen."""
    return max(nodes, key=lambda node: rank(node, scorer, how))


def top(k: int, nodes: Sequence[Node], scorer: str | None, how: str = "last") -> list[Node]:
    """The `k` highest ranked nodes, best first; ties to the first seen."""
    return sorted(nodes, key=lambda node: rank(node, scorer, how), reverse=True)[:k]


def select(nodes: Sequence[Node], rule: str, scorer: str | None, how: str = "last") -> Node:
    """The chosen candidate under `rule`, as `choose` finds it; it is kept, and its reason says why.

    Raises BudgetExhausted where there is none, so that the best so far is the answer.
    """
    if not nodes:
        raise BudgetExhausted("Nothing was finished.")
    chosen, reason = choose(nodes, rule, scorer, how)
    if chosen.is_final:
        chosen.keep(reason)
    return chosen


def choose(nodes: Sequence[Node], rule: str, scorer: str | None, how: str = "last") -> tuple[Node, str]:
    """The candidate that `rule` chooses, and why; changes nothing. `nodes` must not be empty.

    best: the highest score. weighted: the group of equal answers with the largest summed score. majority:
    the largest group. Ties go to the first seen; of the winning group its best member is chosen. An
    unfinished candidate, or one without an answer, is chosen only where there is no other.
    """
    finished = [node for node in nodes if node.is_final] or list(nodes)
    answered = [node for node in finished if node.answer is not None] or finished
    if rule == "best":
        chosen = best(answered, scorer, how)
        return chosen, f"{scored(chosen, scorer, how)}, the best of {len(answered)}."
    groups = grouped(answered)
    weights = [float(len(group)) if rule == "majority" else _weight(group, scorer, how) for group in groups]
    winners, weight = heaviest(groups, weights)
    if rule == "majority":
        reason = f"{len(winners)} of {len(answered)} finished candidates gave this answer, the most."
    else:
        reason = f"This answer holds {weight:.2f} of the {sum(weights):.2f} summed score, the most."
    return best(winners, scorer, how), reason


def heaviest(groups: Sequence[list[Node]], weights: Sequence[float]) -> tuple[list[Node], float]:
    """The group with the largest weight, and that weight; ties to the first seen."""
    at = max(range(len(groups)), key=lambda i: weights[i])
    return groups[at], weights[at]


def grouped(nodes: Sequence[Node]) -> list[list[Node]]:
    """Nodes by equal canonical answers, as first seen; those without an answer are groups of one."""
    answered = [node for node in nodes if node.answer is not None]
    problem = nodes[0].tree.problem if nodes else None
    by_answer = answers.group(problem, [node.answer or "" for node in answered])
    groups = [[answered[i] for i in indices] for indices in by_answer]
    groups += [[node] for node in nodes if node.answer is None]
    return groups


def candidates(root: Node) -> list[Node]:
    """Every finished answer so far, in the order of birth; critiques and copied answers are none."""
    return [
        node
        for node in root.tree.nodes
        if node.is_final and node.kind != "critique" and (node.tokens or not node.forced)
    ]


def best_so_far(nodes: Sequence[Node]) -> list[Node]:
    """What may answer a run that its budget ended: finished answers, else the ends of unfinished paths."""
    usable = [node for node in nodes if node.kind not in ("question", "critique") and node.tokens > 0]
    kept = [node for node in usable if node.status != "pruned"] or usable
    finished = [node for node in kept if node.is_final]
    if finished:
        return [node for node in finished if node.answer is not None] or finished
    parents = {node.parent for node in kept}
    return [node for node in kept if node not in parents]


def scored(node: Node, scorer: str | None, how: str = "last") -> str:
    """ "Scored 0.41", or what stands in for it, to begin a reason with."""
    score = path_score(node, scorer, how)
    if score is None:
        return f"Not scored, mean log-probability {mean_logprob(node):.2f}"
    return f"Scored {score:.2f}"


def merge_duplicates(children: Sequence[Node], among: Sequence[Node] = ()) -> list[Node]:
    """The children with a text of their own; each repeat of a sibling is pruned, with the reason.

    `among` are older children of the same parents. Branches that were cut off are left out as well.
    """
    first: dict[tuple[Node | None, str], Node] = {(node.parent, node.text): node for node in among}
    distinct = []
    for node in children:
        if node.status == "aborted":
            continue
        twin = first.setdefault((node.parent, node.text), node)
        if twin is node:
            distinct.append(node)
        else:
            node.prune(f"The same text as node {twin.id}.")
    return distinct


def _weight(group: Sequence[Node], scorer: str | None, how: str) -> float:
    return sum(path_score(node, scorer, how) or 0.0 for node in group)
