"""Choose again among a run's finished answers, by another rule, aggregation or scorer, at no cost.

Knows stored scores and the selection rules. Generates nothing, scores nothing and changes nothing: where a
score was never taken, it says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine import answers
from engine.errors import BadInput
from engine.runs import Run
from engine.strategies import selection
from engine.tree import Node


@dataclass(frozen=True, slots=True)
class Candidate:
    """One finished answer.

    `score` is None where the scorer said nothing of it. `unscored_steps` counts the nodes of its path that
    were never scored, so that an aggregate over its steps leaves them out.
    """

    node: Node
    answer: str | None
    score: float | None
    is_correct: bool | None
    unscored_steps: int


@dataclass(frozen=True, slots=True)
class Reselection:
    """What a rule chooses. `scorer` is None where the rule needs none."""

    select: str
    aggregate: str
    scorer: str | None
    node: Node
    answer: str | None
    is_correct: bool | None
    reason: str
    candidates: tuple[Candidate, ...]

    @property
    def note(self) -> str:
        """What a person should know of the scores, in one sentence; "" where there is nothing to say."""
        partly = sum(candidate.unscored_steps > 0 for candidate in self.candidates)
        without = sum(candidate.score is None for candidate in self.candidates)
        if self.scorer is None:
            return ""
        if without:
            return f"{without} of {len(self.candidates)} candidates were never scored by {self.scorer}."
        if partly and self.aggregate != "last":
            return (
                f"{partly} of {len(self.candidates)} candidates have steps that were never scored: their "
                f"{self.aggregate} is over the others."
            )
        return ""


def reselect(run: Run, select: str, aggregate: str = "last", scorer: str | None = None) -> Reselection:
    """The answer that `select` chooses from the run's finished candidates, with their stored scores.

    `select` is best, weighted or majority; `aggregate` last, min, product or mean; `scorer` None takes the
    run's own, or the one that has scored its candidates. Raises BadInput where there is nothing to choose
    from, or nothing to choose by.
    """
    for name, value, known in (
        ("select", select, selection.RULES),
        ("aggregate", aggregate, selection.AGGREGATIONS),
    ):
        if value not in known:
            raise BadInput(f"{name} must be one of {', '.join(known)}, not {value!r}.")
    nodes = selection.candidates(run.tree.root)
    if not nodes:
        raise BadInput("This run has no finished answer to choose from.")
    scorer = _scorer(run, nodes, scorer, is_needed=select != "majority")
    chosen, reason = selection.choose(nodes, select, scorer, aggregate)
    candidates = tuple(_candidate(run, node, scorer, aggregate) for node in nodes)
    verdict = next(candidate.is_correct for candidate in candidates if candidate.node is chosen)
    return Reselection(select, aggregate, scorer, chosen, chosen.answer, verdict, reason, candidates)


def _scorer(run: Run, nodes: list[Node], asked: str | None, *, is_needed: bool) -> str | None:
    """The scorer to choose by. Raises BadInput where the one asked for, or any that is needed, is missing."""
    stored = list(dict.fromkeys(name for node in nodes for name in node.scores))
    has = f"it has those of {', '.join(stored)}" if stored else "it has none"
    if asked is not None:
        if asked not in stored:
            raise BadInput(f"No answer of this run has a score by {asked!r}; {has}.")
        return asked
    own = run.spec.params.get("scorer")
    if own in stored:
        return own
    if is_needed and len(stored) != 1:
        what = "name one of them as the scorer" if stored else "only “majority” needs no scores"
        raise BadInput(f"Which scores of this run to choose by is not clear: {has}; {what}.")
    return stored[0] if len(stored) == 1 else None


def _candidate(run: Run, node: Node, scorer: str | None, aggregate: str) -> Candidate:
    assert run.tree.problem is not None
    score = selection.path_score(node, scorer, aggregate)
    unscored = [part for part in node.turn() if part.tokens and scorer not in part.scores]
    return Candidate(
        node,
        node.answer,
        score,
        answers.is_correct(run.tree.problem, node.answer),
        len(unscored) if score is not None else 0,
    )
