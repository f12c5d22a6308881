"""List programs: lines mean what Python says they mean, and hidden tests decide."""

import random

import pytest

from engine.errors import OutsideFamily
from engine.tasks import identify, list_lines, programs
from engine.tasks.list_lines import OPERATIONS

SORTED = (
    "Find the program.\n[3, 1, 2] -> [1, 2, 3]\n[5, 4, 9, 1] -> [1, 4, 5, 9]\n[8, 2, 7, 3] -> [2, 3, 7, 8]"
)
TWO_LINES = "Find the program.\n" + "\n".join(
    ["[1, 4, 9, 2] -> [5, 10, 3]", "[6, 7, 1, 8, 2] -> [8, 2, 9, 3]", "[3, 5, 6, 4] -> [6, 7, 5]"]
)


def python(line: str, xs: list[int]) -> list[int]:
    """What Python itself makes of a line."""
    scope = {"xs": xs, "sorted": sorted}
    exec(line, {"__builtins__": {}, "sorted": sorted}, scope)
    return scope["xs"]


def test_every_line_means_what_python_says():
    rng = random.Random(0)
    for operation in OPERATIONS:
        line = list_lines.write(operation)
        assert list_lines.read(line) == operation
        for _ in range(20):
            xs = [rng.randint(-5, 25) for _ in range(rng.randint(0, 7))]
            assert list(list_lines.apply(operation, tuple(xs))) == python(line, xs)


def test_the_solver_finds_the_shortest_programs_only():
    before = ((1, 4, 9, 2, 5, 12), (4, 3, 15, 20), (2, 4, 1, 6, 9))
    after = tuple(tuple(sorted(x for x in xs if x % 2 == 1)) for xs in before)
    for program in list_lines.fitting(before, after, 4):
        assert len(program) == 2
        assert [list_lines.run(program, xs) for xs in before] == list(after)
    assert list_lines.fitting(before, after, 1) == ()


def test_a_person_may_write_it_in_other_ways():
    free = "find the program:\n[3,1,2]=>[1, 2, 3]\n[5, 4, 9, 1] → [1,4,5,9]\n\n [8, 2, 7, 3] -> [2, 3, 7, 8]"
    assert identify(free) == identify(SORTED)
    assert identify(SORTED).difficulty == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Find the program.", "Give 3 examples"),
        (SORTED.replace("[1, 2, 3]", "one two three"), "not a list of whole numbers"),
        (SORTED.replace("[1, 2, 3]", "[1, 2, 2000]"), "from -999 to 999"),
        (SORTED.replace("[1, 2, 3]", "[7, 7, 7, 7]"), "No program of at most 4 lines"),
        (SORTED.replace("-> [1, 2, 3]", "-> [3, 1, 2]").splitlines()[0] + "\n[1] -> [1]" * 3, "already"),
        ("Find the program.\n" + "\n".join(["[1] -> [2]"] * 3), "Too many different programs"),
    ],
)
def test_what_is_outside_gets_one_sentence(text: str, words: str):
    with pytest.raises(OutsideFamily, match=words):
        identify(text)


def test_hidden_tests_decide():
    """A program may fit the examples by chance; it must also hold on lists it was not shown."""
    problem = identify(SORTED)
    puzzle = programs.read(problem.text)
    assert len(puzzle.hidden) == programs.HIDDEN
    assert programs.is_correct(problem, "xs = sorted(xs)")
    assert programs.is_correct(problem, "xs = sorted(xs, reverse=True); xs = xs[::-1]")
    memorised = "xs = sorted(xs); xs = [x for x in xs if x < 10]"
    assert programs.failure(problem, memorised, is_shown_only=True) is None
    assert "It turns" in (programs.failure(problem, memorised) or "")
    assert not programs.is_correct(problem, "import os")


def test_a_line_that_cannot_be_mended_is_named():
    problem = identify(SORTED)
    lost = ["xs = [x for x in xs if x > 4]", "xs = sorted(xs)"]
    verdict, _ = programs.check_steps(problem, lost)
    assert verdict == "It turns [3, 1, 2] into [], not [1, 2, 3]."
    assert programs.can_succeed(problem, lost) == [False, False]
    assert programs.check_steps(problem, ["xs = 3"]) == ["It is not a line like xs = sorted(xs)."]
    roundabout = ["xs = sorted(xs, reverse=True)", "xs = xs[::-1]"]
    assert programs.check_steps(problem, roundabout) == [None, None]
    assert programs.can_succeed(problem, roundabout) == [True, True]


def test_a_step_says_the_lists_that_it_leaves():
    rng = random.Random(3)
    for difficulty in (1, 2, 3):
        problem = programs.generate(difficulty, rng)
        solution = programs.solve(problem, rng)
        assert solution is not None
        states = programs.read(problem.text).before
        for step in solution.steps:
            line, _, lists = step.partition("  # ")
            states = tuple(tuple(python(line, list(xs))) for xs in states)
            assert lists == " ".join(str(list(xs)) for xs in states)
        assert programs.check_steps(problem, list(solution.steps)) == [None] * difficulty
        answer = programs.extract(problem, "\n".join(solution.steps) + f"\n</think> {solution.answer}")
        assert answer == "; ".join(step.partition("  # ")[0] for step in solution.steps)
        assert answer and programs.is_correct(problem, answer)


def test_false_lists_are_a_wrong_step_and_spoil_nothing():
    problem = identify(SORTED)
    assert programs.check_steps(problem, ["xs = sorted(xs)  # [1] [2] [3]"]) == [None]  # the program fits
    problem = identify(TWO_LINES)
    said = "xs = xs[1:]  # [4, 9, 2] [7, 1, 8, 2] [3, 6, 5]"
    verdict, rest = programs.check_steps(problem, [said, "xs = xs[1:]"])
    assert verdict == "It turns [3, 5, 6, 4] into [5, 6, 4], not [3, 6, 5]."
    assert rest is not None
    assert programs.can_succeed(problem, [said]) == [True]
    lost = said.replace("xs[1:]", "xs[:2]")  # what cannot be mended is said first
    assert programs.check_steps(problem, [lost]) == ["It turns [1, 4, 9, 2] into [1, 4], not [5, 10, 3]."]


@pytest.mark.parametrize(
    "comment", ["", "shorter", "[1, 2", "[2, 1, 3] [1]", "[a] [b] [c]", "[1] [2] [3] now"]
)
def test_any_other_comment_says_nothing(comment: str):
    problem = identify(SORTED)
    told, quiet = (
        programs.check_steps(problem, [f"xs = xs[::-1]{comment}"]) for comment in (f"  # {comment}", "")
    )
    assert told == quiet


def test_answers_with_and_without_thinking():
    problem = identify(SORTED)
    assert programs.extract(problem, "xs = sorted(xs)\n</think> xs") == "xs = sorted(xs)"
    assert (
        programs.extract(problem, "</think> xs = sorted(xs); xs = xs[1:]") == "xs = sorted(xs); xs = xs[1:]"
    )
    assert programs.extract(problem, "xs = sorted(xs)\n") is None
    assert programs.values_after(problem, ["xs = sorted(xs)", "xs = xs[1:]"]) == "[2, 3]"
