"""What is kept of a run for the claims: whether it was right, what it spent, and its single answers.

Knows runs and the project's own rules of selection. Does not know which claim will read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from engine import answers
from engine.runs import Run
from engine.strategies import selection
from engine.tasks import FAMILIES
from engine.tasks.problem import split_turn
from engine.tree import Node

REWARD = "process_reward"
STEPWISE = ("arithmetic", "story")
"""Families whose steps are right or wrong by themselves, so that the first wrong one is known."""

SAMPLING = ("best_of_n", "self_consistency")
"""Strategies whose every node under the question is one whole answer, or an attempt that came to no end."""

MENDING = ("repair",)
"""Strategies whose every node that is no finding is one whole answer, or an attempt that came to no end."""

MANY_DRAFTS = 256  # of a search only its outcome is kept


@dataclass(frozen=True, slots=True)
class Draft:
    """One answer of a run, in the order of birth.

    `passes` is what a check finds that knows the problem's text only; `steps` holds (the process reward's
    estimate, whether all is right so far) for every step and the answer, where both are known.
    """

    is_right: bool
    passes: bool
    tokens: int
    score: float | None = None
    steps: tuple[tuple[float, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """One problem of a cell. Tokens as in `Usage`, those discarded among the generated.

    `picks` says under "rule@n" whether the rule would choose a right one of the first n drafts, of the next
    n, and so on.
    """

    is_right: bool
    status: str
    prompt_tokens: int
    generated_tokens: int
    scorer_tokens: int
    flops: float
    parameters: int  # of the model that wrote
    task: str
    difficulty: int
    drafts: tuple[Draft, ...] = ()
    picks: Mapping[str, tuple[bool, ...]] = field(default_factory=dict)

    @property
    def spent_tokens(self) -> int:
        """What counts against a budget: everything generated, and the scorer's."""
        return self.generated_tokens + self.scorer_tokens

    def record(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self) | {"picks": {name: list(found) for name, found in self.picks.items()}}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Outcome:
        """Back from `record`. Raises KeyError or TypeError where it is none."""
        drafts = tuple(
            Draft(
                one["is_right"],
                one["passes"],
                one["tokens"],
                one["score"],
                tuple((float(p), bool(t)) for p, t in one["steps"]),
            )
            for one in record["drafts"]
        )
        picks = {name: tuple(found) for name, found in record["picks"].items()}
        return cls(**{**record, "drafts": drafts, "picks": picks})


def outcome_of(run: Run) -> Outcome:
    """What is kept of a run that is over."""
    usage, problem = run.usage, run.tree.problem
    assert problem is not None
    is_sampled = run.spec.strategy in SAMPLING
    if is_sampled:
        ends = [node for node in run.tree.nodes if node.parent is run.tree.root]
    elif run.spec.strategy in MENDING:
        ends = [node for node in run.tree.nodes[1:] if node.kind != "execution"]
    else:
        ends = selection.candidates(run.tree.root)
    kept = ends if len(ends) <= MANY_DRAFTS else []
    return Outcome(
        is_right=run.is_correct is True,
        status=run.status,
        prompt_tokens=usage.prompt_tokens,
        generated_tokens=usage.generated_tokens + usage.discarded_tokens,
        scorer_tokens=usage.scorer_tokens,
        flops=usage.flops,
        parameters=int(run.environment.get("parameters", 0)),
        task=problem.task or "",
        difficulty=problem.difficulty or 0,
        drafts=tuple(_draft(node) for node in kept),
        picks=_picks(run, kept) if is_sampled else {},
    )


def _draft(node: Node) -> Draft:
    problem = node.tree.problem
    assert problem is not None
    answer = node.answer if node.is_final else None
    family = FAMILIES.get(problem.task or "")
    passes = family is not None and answer is not None and family.fault(problem, answer) is None
    score = selection.path_score(node, REWARD)
    return Draft(
        answers.is_correct(problem, answer) is True,
        passes,
        node.tokens,
        None if score is None else round(score, 4),
        _judged_steps(node) if problem.task in STEPWISE else (),
    )


def _judged_steps(node: Node) -> tuple[tuple[float, bool], ...]:
    """The reward's estimate of every step and the answer, each with the exact verdict; () where they do not
    match.
    """
    problem = node.tree.problem
    assert problem is not None
    family = FAMILIES[problem.task or ""]
    estimates = node.step_scores.get(REWARD)
    steps, answer = split_turn(node.turn_text)
    if not estimates or answer is None or len(estimates) != len(steps) + 1:
        return ()
    truths = [*family.can_succeed(problem, steps), answers.is_correct(problem, node.answer) is True]
    return tuple((round(p, 4), t) for p, t in zip(estimates, truths, strict=True))


def _picks(run: Run, ends: Sequence[Node]) -> dict[str, tuple[bool, ...]]:
    """What the project's own rules of selection choose among neighbours, in groups of 1, 2, 4 …"""
    problem = run.tree.problem
    assert problem is not None
    found: dict[str, tuple[bool, ...]] = {}
    scorer = run.spec.params.get("scorer")
    rules = ("majority", "best", "weighted") if scorer else ("majority",)
    size = 1
    while size <= len(ends):
        groups = [ends[at : at + size] for at in range(0, len(ends) - size + 1, size)]
        for rule in rules:
            chosen = [selection.choose(group, rule, scorer)[0] for group in groups]
            found[f"{rule}@{size}"] = tuple(
                answers.is_correct(problem, node.answer) is True for node in chosen
            )
        size *= 2
    return found
