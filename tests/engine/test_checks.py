"""What can be checked without knowing the answer, in the words a model is told."""

from __future__ import annotations

import random

import pytest

from engine.backends.protocol import Profile
from engine.checks import Finding, Rules
from engine.tasks import FAMILIES, Solution, identify
from engine.tasks.problem import Problem
from engine.training import examples
from engine.tree import Tree

BUNDLED = Profile(step_ends=("\n",), think_close="</think>", is_bundled=True)
GENERAL = Profile()


def check(problem: Problem, said: str, profile: Profile = BUNDLED, is_final: bool = True) -> Finding:
    tree = Tree(problem.text, problem)
    node = tree.add(tree.root)
    family = FAMILIES.get(problem.task or "")
    answer = family.extract(problem, said) if family else None
    tree.finish(node, text=said, is_final=is_final, answer=answer)
    (finding,) = Rules().check([node], profile)
    return finding


def test_the_first_wrong_step_is_named_as_the_bundled_models_were_taught() -> None:
    found = check(
        identify("Compute ((17 + 5) * 3) - 8."), "17 + 5 = 23\n23 * 3 = 69\n69 - 8 = 61\n</think> 61"
    )
    assert found == Finding(False, "Step 1 is wrong: 17 + 5 = 22, not 23.")


@pytest.mark.parametrize("task", FAMILIES)
def test_findings_are_those_of_the_training_data(task: str) -> None:
    rng = random.Random(7)
    failed = 0
    for _ in range(30):
        family, problem, solution = examples.fresh(rng, task)
        attempt = examples.flawed(family, problem, solution, rng)
        said = "".join(f"{step}\n" for step in attempt.steps) + f"</think> {attempt.answer}"
        found = check(problem, said)
        if found.is_passed:
            answer = family.extract(problem, said)
            assert answer is not None and family.fault(problem, answer) is None
        else:
            failed += 1
            assert found.message == examples.Tried(family, problem, solution, attempt).critique
        right = "".join(f"{step}\n" for step in solution.steps) + f"</think> {solution.answer}"
        assert check(problem, right).is_passed
    assert failed > 10


def test_an_answer_wrong_without_a_wrong_step_is_told_as_in_the_training_data() -> None:
    problem = identify("Find the program.\n[3, 1, 2] -> [2, 3]\n[5, 9, 4] -> [5, 9]\n[7, 8, 1] -> [7, 8]")
    attempt = Solution(("xs = sorted(xs)",), "xs")
    message = check(problem, "xs = sorted(xs)\n</think> xs").message
    assert message == "It turns [3, 1, 2] into [1, 2, 3], not [2, 3]."
    assert examples.found(FAMILIES["programs"], problem, attempt) == message


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("4 * 6 + 10 - 5", "4 * 6 + 10 - 5 is 29, not 24."),
        ("4 + 6", "It does not use each of 4 5 6 10 exactly once."),
        ("ten", "It does not give one expression of the numbers."),
        ("4 - 5 + 6 + 10", "4 - 5 is not a whole number from 0 up."),
    ],
)
def test_a_puzzles_rules_name_what_is_broken(answer: str, fault: str) -> None:
    problem = identify("Use 4 5 6 10 to make 24.")
    assert FAMILIES["countdown"].fault(problem, answer) == fault
    assert not FAMILIES["countdown"].is_correct(problem, answer)


def test_a_program_is_checked_on_the_shown_examples_only() -> None:
    family = FAMILIES["programs"]
    problem = identify(family.example)
    assert family.fault(problem, "xs = sorted(xs)") is None
    found = check(problem, "xs = xs[::-1]\n</think> xs")
    assert found.message == "Step 1 is wrong: It turns [3, 1, 2] into [2, 1, 3], not [1, 2, 3]."


def test_a_general_model_on_a_family_problem_is_told_its_slip_or_the_broken_rule() -> None:
    problem = identify("Use 4 5 6 10 to make 24.")
    slipped = check(problem, "First 4 * 6 = 25.\n</think> 4 * 5", GENERAL)
    assert slipped == Finding(False, "4 * 6 = 24, not 25.")
    broken = check(problem, "</think> 4 * 6", GENERAL)
    assert broken == Finding(False, "It does not use each of 4 5 6 10 exactly once.")
    assert check(problem, "I give up.\n</think>", GENERAL).message == "It gives no answer."


def test_of_free_text_the_equations_are_checked_and_the_expected_answer_is_not_looked_at() -> None:
    problem = Problem("How many legs do four cats have?", expected="16")
    assert check(problem, "4 * 4 = 15, so 15.").message == "4 * 4 = 16, not 15."
    assert check(problem, "4 * 3 = 12, so 12.").is_passed
    assert check(problem, "Twelve.").is_passed is None


def test_an_unfinished_answer_fails() -> None:
    assert check(identify("Compute 1 + 1."), "1 + 1 =", is_final=False).is_passed is False
