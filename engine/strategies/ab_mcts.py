"""Adaptive branching Monte Carlo tree search over whole answers: wider or deeper, decided by chance."""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated

from engine.budget import BudgetExhausted
from engine.requests import TURN, Expand, Request, Sampling, Score, Search
from engine.strategies import selection
from engine.strategies.parameters import Aggregate, Choice, Param, Scorer, Select, Temperature
from engine.strategies.randomness import stream
from engine.strategies.thompson import PRIORS, posterior
from engine.tree import Node


@dataclass(eq=False, slots=True)
class Place:
    """An answer's place in the search, or the question's."""

    node: Node
    parent: Place | None = None
    children: list[Place] = field(default_factory=list)
    wider: list[float] = field(default_factory=list)  # rewards of the answers made right here
    deeper: list[float] = field(default_factory=list)  # rewards of the answers made below its children
    rewards: list[float] = field(default_factory=list)  # its own, and those of all made below it
    critique: Node | None = None  # of its answer, once it was asked for


def ab_mcts(
    root: Node,
    rollouts: Annotated[int, Param(1, 4096, "Answers made, new ones and refined ones.")] = 32,
    prior: Annotated[
        str, Choice(PRIORS, "What is believed of a branch before it is tried: any value, or between 0 and 1.")
    ] = "normal",
    parallel: Annotated[int, Param(1, 64, "Answers made at once, from the same beliefs.")] = 4,
    stop_at: Annotated[float, Param(0.0, 1.0, "An answer with this score ends the search.")] = 0.99,
    temperature: Temperature = 0.8,
    scorer: Scorer = "auto",
    aggregate: Aggregate = "last",
    select: Select = "best",
) -> Search:
    """At every answer on the way down, draw at random whether to make a new one there or refine one below.

    At a place two numbers are drawn from what is believed about it: the reward of one more answer made right
    here (wider), and of going on below an answer that exists (deeper). The larger wins; deeper, the child is
    picked by a draw of its own. What a new answer scores is backed up to every place above. At the question
    an answer is made anew; at an answer it is refined: the model criticises it, once, and rewrites it. An
    answer that does not end is worth 0 and is not refined. The two priors are the paper's.

    Source: AB-MCTS-A, Inoue et al. 2025 (arXiv 2503.04412, sections 3.2 and 3.4). There the feedback comes
    from outside (tests); here it is the model's own criticism, as in `self_refine`.
    """
    rng = stream(root, "ab_mcts")
    sampling = Sampling(temperature=temperature)
    top = Place(root)
    done = 0
    try:
        while done < rollouts:
            picked = [descend(top, prior, rng) for _ in range(min(parallel, rollouts - done))]
            answers = yield from make(picked, sampling)
            yield Score([answer for answer in answers if answer.is_final], by=scorer)
            done += len(answers)
            for place, answer in zip(picked, answers, strict=True):
                back_up(place, answer, scorer, aggregate)
            scores = [
                selection.path_score(answer, scorer, aggregate) for answer in answers if answer.is_final
            ]
            if any(score is not None and score >= stop_at for score in scores):
                break
    except BudgetExhausted:
        if not selection.candidates(root):
            raise
    return selection.select(selection.candidates(root), select, scorer, aggregate)


def descend(top: Place, prior: str, rng: random.Random) -> Place:
    """The place where the next answer is made. The draws that decide are noted in each node on the way."""
    place = top
    while place.children:
        beliefs = {"wider": posterior(prior, place.wider), "deeper": posterior(prior, place.deeper)}
        draws = {way: belief.draw(rng) for way, belief in beliefs.items()}
        goes_deeper = draws["deeper"] > draws["wider"]
        among = [posterior(prior, child.rewards).draw(rng) for child in place.children] if goes_deeper else []
        place.node.note(
            thompson={
                "prior": prior,
                "wider": asdict(beliefs["wider"]) | {"n": len(place.wider), "draw": draws["wider"]},
                "deeper": asdict(beliefs["deeper"]) | {"n": len(place.deeper), "draw": draws["deeper"]},
                "children": [child.node.id for child in place.children] if goes_deeper else [],
                "draws": among,
            }
        )
        if not goes_deeper:
            return place
        place = place.children[max(range(len(among)), key=lambda i: among[i])]
    return place


def make(picked: Sequence[Place], sampling: Sampling) -> Generator[Request, list[Node], list[Node]]:
    """One answer at each picked place, in order: anew at the question, else a criticism and a rewrite."""
    anew = [place.node for place in picked if place.parent is None]
    drafts = yield Expand(anew, stop=TURN, sampling=sampling, thinking=True)
    refined = [place for place in picked if place.parent is not None]
    critiques = yield from criticise(refined)
    revisions = yield Expand(
        critiques, stop=TURN, kind="revision", instruction="rewrite", sampling=sampling, thinking=True
    )
    next_draft, next_revision = iter(drafts), iter(revisions)
    return [next(next_draft if place.parent is None else next_revision) for place in picked]


def criticise(places: Sequence[Place]) -> Generator[Request, list[Node], list[Node]]:
    """The model's criticism of each answer, asked for once an answer."""
    asked = [place for place in dict.fromkeys(places) if place.critique is None]
    critiques = yield Expand(
        [place.node for place in asked],
        stop=TURN,
        kind="critique",
        instruction="critique",
        sampling=Sampling(temperature=0.0),
        thinking=False,
    )
    for place, critique in zip(asked, critiques, strict=True):
        place.critique = critique
    return [place.critique for place in places if place.critique is not None]


def back_up(place: Place, answer: Node, scorer: str, aggregate: str) -> None:
    """Give the answer its place, and every place above what it scored; nothing where the scorer abstained."""
    reward = selection.path_score(answer, scorer, aggregate) if answer.is_final else 0.0
    if answer.is_final:
        child = Place(answer, place)
        place.children.append(child)
        if reward is not None:
            child.rewards.append(reward)
            _note(child)
    else:
        answer.prune("It did not end, so it is worth 0.")
    if reward is None:
        return
    place.wider.append(reward)
    below, above = place, place.parent
    while above is not None:
        below.rewards.append(reward)
        above.deeper.append(reward)
        _note(below)
        below, above = above, above.parent
    _note(below, [*below.wider, *below.deeper])


def _note(place: Place, rewards: Sequence[float] | None = None) -> None:
    """How many answers were made at or below the place, itself included, and their mean reward."""
    rewards = place.rewards if rewards is None else rewards
    place.node.note(visits=len(rewards), value=round(sum(rewards) / len(rewards), 6))
