"""What may run: checks everything about a spec that is cheap to check, before anything is queued.

Knows problems, parameters, scorers and what a model says about itself. Does not load or start anything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from engine import answers, strategies
from engine.errors import BadInput, ModelUnavailable, OutsideFamily, ScorerUnavailable
from engine.runs import RunSpec
from engine.sandbox import choosing
from engine.scoring.unit_tests import NO_TESTS, has_tests
from engine.tasks import FAMILIES, code, identify, programs, refuse_unreadable
from engine.tasks.problem import Problem

MAX_SEED = 2**63 - 1


class ModelFacts(Protocol):
    """What submit must know of a model before it is loaded."""

    @property
    def source(self) -> str: ...

    @property
    def is_usable(self) -> bool: ...

    @property
    def why_not(self) -> str | None: ...

    @property
    def process_reward(self) -> str | None: ...

    @property
    def outcome_reward(self) -> str | None: ...

    @property
    def rewards_free_text(self) -> bool: ...


def admit(spec: RunSpec, facts: ModelFacts) -> tuple[RunSpec, Problem]:
    """The spec with everything resolved that decides the run, and its problem.

    Raises BadInput, OutsideFamily, ModelUnavailable or ScorerUnavailable with one sentence.
    """
    if not facts.is_usable:
        raise ModelUnavailable(facts.why_not or f"The model {spec.model} cannot be used here.")
    if isinstance(spec.seed, bool) or not isinstance(spec.seed, int) or not 0 <= spec.seed <= MAX_SEED:
        raise BadInput(f"The seed must be a whole number from 0 to 2^63 - 1, not {str(spec.seed)[:40]}.")
    problem = _problem(spec, is_bundled=facts.source == "bundled")
    params = _params(spec, problem, facts)
    return replace(spec, params=params, task=problem.task, expected=problem.expected), problem


def _problem(spec: RunSpec, *, is_bundled: bool) -> Problem:
    """The problem a spec states: of a family, or free text where the model can read any.

    Raises BadInput for empty or overlong text or an unknown task, OutsideFamily where the model or the named
    task needs a family and the text is of none.
    """
    expected = spec.expected.strip() if spec.expected is not None else None
    if spec.tests is not None or spec.task == code.name:
        return replace(_tested(spec, is_bundled=is_bundled), expected=expected or None)
    try:
        problem = identify(spec.problem, spec.task)
    except OutsideFamily:
        if is_bundled or spec.task is not None:
            raise
        return Problem(spec.problem.strip(), None, expected or None)
    return problem if problem.expected is not None else replace(problem, expected=expected or None)


def _tested(spec: RunSpec, *, is_bundled: bool) -> Problem:
    """A problem that tests decide: of the family `programs`, whose tests they then are, or any program.

    Raises BadInput for tests that cannot be run or do not belong to the problem, OutsideFamily where the
    model writes no programs, ScorerUnavailable where programs are not run.
    """
    refuse_unreadable(spec.problem)
    if spec.tests is None:
        raise BadInput('The task “code” needs "tests": pairs [[input, output], …], or Python source.')
    tests = code.check_tests(spec.tests)
    if spec.task not in (None, code.name, programs.name):
        raise BadInput(f'A problem of “{spec.task}” has a checker of its own: leave "tests" out.')
    read = None if spec.task == code.name else programs.parse(spec.problem)
    if read is not None or spec.task == programs.name:
        return programs.with_tests(read or identify(spec.problem, spec.task), tests)
    if is_bundled:
        raise OutsideFamily("The bundled models write no programs in Python: choose another model.")
    choosing.level()
    return code.state(spec.problem, tests)


def _params(spec: RunSpec, problem: Problem, facts: ModelFacts) -> dict[str, Any]:
    """The checked parameters, with "auto" replaced by the scorer that will be used.

    Raises BadInput for an unknown strategy or parameter, ScorerUnavailable where the scorer cannot serve.
    """
    params = strategies.validate(spec.strategy, spec.params)
    names = {
        parameter.name: parameter.default for parameter in strategies.STRATEGIES[spec.strategy].parameters
    }
    if "scorer" not in names:
        return params
    scorer = params.get("scorer", names["scorer"])
    is_judged = problem.task in FAMILIES or facts.rewards_free_text
    has_process_reward = facts.process_reward is not None and is_judged
    if scorer == "auto":
        scorer = "process_reward" if has_process_reward else "self_evaluation"
    if scorer == "process_reward" and not has_process_reward:
        raise ScorerUnavailable(f"No process reward fits {spec.model} on this problem: pick another scorer.")
    if scorer == "outcome_reward" and facts.outcome_reward is None:
        raise ScorerUnavailable(
            "No outcome reward is here: name one in PONDER_OUTCOME_REWARD (a hub id or a folder), "
            "or pick another scorer."
        )
    if scorer == "unit_tests" and not has_tests(problem):
        raise ScorerUnavailable(NO_TESTS)
    if scorer == "verifier" and not answers.has_truth(problem):
        raise ScorerUnavailable(
            "The verifier needs to know what is right: give the expected answer, or pick another scorer."
        )
    return params | {"scorer": scorer}
