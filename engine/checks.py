"""Checks of finished answers by what can be checked without being told the right answer.

Knows the families' own rules and step checkers, and the equations a text states. Does not know models, nor
the expected answer of a free-text problem: that is the verifier's. A checker that runs programs takes the
place of `Rules` behind the same protocol.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine import equations
from engine.backends.protocol import Profile
from engine.tasks import FAMILIES, code, is_program
from engine.tasks.problem import Problem, split_turn
from engine.tree import Node, Tree

CHECK = "check"
"""The name under which what a check found stands in `Node.scores`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `is_passed` is None where nothing could be checked.

    `message` says what is wrong in the words the model is told; of a passed check, what was checked.
    """

    is_passed: bool | None
    message: str

    @property
    def verdict(self) -> str:
        """In one sentence for a person."""
        if self.is_passed is None:
            return "Nothing in it can be checked."
        return "It passes its check." if self.is_passed else "It fails its check."


class Checker(Protocol):
    """Checks finished answers. Called on the scheduler's thread: what takes long belongs in workers."""

    def check(self, nodes: Sequence[Node], profile: Profile) -> list[Finding]:
        """One finding a node, same order; `profile` is the model's that wrote them."""
        ...


class Rules:
    """The rules of the families and of arithmetic, and the tests that a problem shows."""

    def check(self, nodes: Sequence[Node], profile: Profile) -> list[Finding]:
        run_programs(nodes, is_shown_only=True)
        return [_check(node, profile) for node in nodes]


def run_programs(nodes: Sequence[Node], *, is_shown_only: bool) -> None:
    """Run the programs among the answers, several at a time; what they fail is then known at no cost."""
    for problem, programs in _programs(nodes):
        code.failures(problem, programs, is_shown_only=is_shown_only)


def programs_have_run(nodes: Sequence[Node], owner: Hashable, *, is_shown_only: bool) -> bool:
    """Whether `run_programs` would return at once. It begins what is left to run, and does not wait.

    `background.release(owner)` says that it is not wanted any more.
    """
    begun = [
        code.have_run(problem, programs, owner, is_shown_only=is_shown_only)
        for problem, programs in _programs(nodes)
    ]
    return all(begun)


def _programs(nodes: Sequence[Node]) -> list[tuple[Problem, list[str]]]:
    """The programs that final nodes answer with, by problem."""
    by_tree: dict[Tree, tuple[Problem, list[str]]] = {}
    for node in nodes:
        problem = node.tree.problem
        if is_program(problem) and node.is_final and node.answer is not None:
            by_tree.setdefault(node.tree, (problem, []))[1].append(node.answer)
    return list(by_tree.values())


def _check(node: Node, profile: Profile) -> Finding:
    if not node.is_final:
        return Finding(False, "The solution does not end.")
    problem = node.tree.problem
    if is_program(problem):
        return _program(problem, node.answer)
    if problem is None or problem.task not in FAMILIES:
        return _equations(node.turn_text)
    family = FAMILIES[problem.task]
    if node.answer is None:
        fault = "It gives no answer."
    else:
        fault = family.fault(problem, node.answer)
        if fault is None:
            return Finding(True, "It keeps every rule of the problem.")
    wrong_step = first_wrong_step(problem, node.turn_text) if profile.is_bundled else None
    if wrong_step is None and not profile.is_bundled:
        wrong_step = _first_wrong_equation(node.turn_text)
    return Finding(False, wrong_step or fault)


def _program(problem: Problem, answer: str | None) -> Finding:
    """Of a program the tests that the problem shows; the others are not for the model to hear of."""
    if answer is None:
        return Finding(False, "It gives no program.")
    fault = code.fault(problem, answer)
    if fault is not None:
        return Finding(False, fault)
    if code.shows_tests(problem):
        return Finding(True, "It passes the tests that the problem shows.")
    return Finding(None, "The problem shows no test that could be run.")


def first_wrong_step(problem: Problem, turn_text: str) -> str | None:
    """In the words the bundled models were taught: “Step 2 is wrong: 17 + 5 = 22, not 23.”"""
    assert problem.task is not None
    steps, _ = split_turn(turn_text)
    for number, verdict in enumerate(FAMILIES[problem.task].check_steps(problem, steps), start=1):
        if verdict is not None:
            return f"Step {number} is wrong: {verdict}"
    return None


def _first_wrong_equation(turn_text: str) -> str | None:
    return next((one.fault for one in equations.stated(turn_text) if not one.holds), None)


def _equations(turn_text: str) -> Finding:
    """Of free text only the stated equations can be checked."""
    fault = _first_wrong_equation(turn_text)
    if fault is not None:
        return Finding(False, fault)
    count = sum(1 for _ in equations.stated(turn_text))
    if not count:
        return Finding(None, "It states no equation that could be checked.")
    return Finding(True, f"The {count} equations it states hold." if count > 1 else "Its equation holds.")
