"""Every family: what it generates it reads, solves, checks and marks; and its split never leaks."""

import random

import pytest

from engine.tasks import FAMILIES, identify
from engine.tasks.problem import lasting, split_turn

CELLS = [(name, difficulty) for name, family in FAMILIES.items() for difficulty in family.difficulties]


@pytest.mark.parametrize(("name", "difficulty"), CELLS)
def test_what_a_family_generates_it_reads_solves_and_marks(name, difficulty):
    family, rng = FAMILIES[name], random.Random(f"{name}{difficulty}")
    for _ in range(20 if difficulty < 4 else 5):
        problem = family.generate(difficulty, rng)
        assert identify(problem.text) == problem
        assert problem.difficulty == difficulty
        solution = family.solve(problem, rng)
        assert solution is not None
        steps = list(solution.steps)
        assert family.check_steps(problem, steps) == [None] * len(steps)
        assert family.can_succeed(problem, steps) == [True] * len(steps)
        answer = family.extract(problem, "\n".join(steps) + f"\n</think> {solution.answer}")
        assert answer is not None
        assert family.is_correct(problem, answer)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_slip_is_found_where_it_was_made_and_spoils_the_answer(name):
    family, rng = FAMILIES[name], random.Random(4)
    found = 0
    for _ in range(150):
        problem = family.generate(3 if name == "programs" else 4, rng)
        wrong_at = rng.randrange(3)
        made = family.solve(problem, rng, lambda i, v, at=wrong_at: v + 1 if i == at else v)
        if made is None or made == family.solve(problem, random.Random(0)):
            continue
        verdicts = family.check_steps(problem, list(made.steps))
        wrong = [i for i, verdict in enumerate(verdicts) if verdict]
        if wrong:
            assert wrong[0] == wrong_at
            assert (verdicts[wrong_at] or "").endswith(".")
            if name != "programs":  # a longer program may still get there
                assert family.can_succeed(problem, list(made.steps))[wrong_at] is False
            found += 1
    assert found > 15


@pytest.mark.parametrize("name", FAMILIES)
def test_about_one_problem_in_ten_is_held_out_and_always_the_same(name):
    family, rng = FAMILIES[name], random.Random(1)
    problems = [family.generate(3, rng) for _ in range(600)]
    held_out = [family.is_held_out(problem) for problem in problems]
    assert 0.05 < sum(held_out) / len(held_out) < 0.16
    assert held_out == [family.is_held_out(problem) for problem in problems]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_split_that_is_asked_for_is_what_either_split_would_have_given(name):
    family, rng = FAMILIES[name], random.Random(1)
    from_either = [family.generate(2, rng) for _ in range(100)]
    for is_wanted in (True, False):
        rng = random.Random(1)
        wanted = [problem for problem in from_either if family.is_held_out(problem) == is_wanted]
        assert wanted
        assert [family.generate(2, rng, held_out=is_wanted) for _ in wanted] == wanted


def test_split_turn_tells_thinking_from_the_answer():
    assert split_turn("1 + 2 = 3\n3 + 4 = 7\n</think> 7") == (["1 + 2 = 3", "3 + 4 = 7"], "7")
    assert split_turn("1 + 2 = 3\n3 +") == (["1 + 2 = 3", "3 +"], None)
    assert split_turn("1 + 2 = 4\nWait\n1 + 2 = 3\n</think> 3") == (["1 + 2 = 3"], "3")


def test_lasting_never_recovers():
    assert lasting([None, "wrong", None]) == [True, False, False]
