import itertools
import random
from fractions import Fraction

import pytest

from engine.errors import OutsideFamily
from engine.tasks import countdown
from engine.tasks.countdown_solver import moves, reaches
from engine.tasks.problem import Problem


def problem(text="Use 4 5 6 10 to make 24.") -> Problem:
    read = countdown.parse(text)
    assert read is not None
    return read


@pytest.mark.parametrize(
    "typed", ["Use 10, 6, 5 and 4 to make 24", "make 24 from 4, 5, 6 and 10", "use 4 5 6 10 to get 24!"]
)
def test_other_wordings_become_the_one_the_models_know(typed):
    assert problem(typed).text == "Use 4 5 6 10 to make 24."


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Use 1 2 to make 3.", "3 to 6 numbers"),
        ("Use 1 2 30 to make 3.", "1 to 25"),
        ("Use 1 2 3 to make 300.", "1 to 100"),
        ("Use 1 1 1 1 to make 24.", "no way"),
        ("Use 4 5 6 and something for 24", "which numbers"),
    ],
)
def test_what_breaks_the_rules_is_named(typed, said):
    with pytest.raises(OutsideFamily, match=said):
        countdown.parse(typed)


def test_the_answer_is_the_expression_that_the_steps_compose():
    said = "10 - 6 = 4 (left: 4 4 5)\n5 * 4 = 20 (left: 4 20)\n20 + 4 = 24 (left: 24)\n</think> 24"
    answer = countdown.extract(problem(), said)
    assert answer in ("5 * (10 - 6) + 4", "5 * 4 + (10 - 6)")
    assert countdown.is_correct(problem(), answer)


@pytest.mark.parametrize(
    "answer",
    ["24", "4 * 6", "10 + 5 + 4 + 6", "(10 - 6) * (5 + 4 / 4)", "4 - 5 + 6 + 10 + 9", "__import__('os')"],
)
def test_wrong_answers_are_wrong(answer):
    assert not countdown.is_correct(problem(), answer)


def test_a_step_that_claims_a_wrong_value_does_not_compose_to_a_right_answer():
    said = "10 + 6 = 17 (left: 4 5 17)\n17 + 5 = 22 (left: 4 22)\n22 + 4 = 24 (left: 24)\n</think> 24"
    answer = countdown.extract(problem(), said)
    assert answer is not None
    assert not countdown.is_correct(problem(), answer)


def test_the_solver_agrees_with_trying_everything():
    """An independent search over orders and operators, with exact fractions and no early exit."""

    def everything(numbers, target):
        if len(numbers) == 1:
            return numbers[0] == target
        for a, b in itertools.permutations(range(len(numbers)), 2):
            rest = [n for i, n in enumerate(numbers) if i not in (a, b)]
            x, y = numbers[a], numbers[b]
            values = (
                [x + y, x * y] + ([x - y] if x >= y else []) + ([Fraction(x, y)] if y and x % y == 0 else [])
            )
            if any(everything([*rest, int(value)], target) for value in values):
                return True
        return False

    rng = random.Random(7)
    for _ in range(120):
        numbers = tuple(sorted(rng.randint(1, 13) for _ in range(4)))
        target = rng.randint(1, 100)
        assert reaches(numbers, target) == everything(list(numbers), target), (numbers, target)


def test_more_numbers_meet_from_both_ends_as_they_would_step_by_step():
    """Five numbers, zeros among them: what sets of values and their completions leave out would show."""

    def stepwise(left, target):
        if len(left) == 1:
            return left[0] == target
        return any(stepwise(after, target) for *_, after in moves(left))

    rng = random.Random(11)
    found = []
    for _ in range(60):
        numbers = tuple(sorted(rng.choice([0, rng.randint(1, 25), rng.randint(30, 150)]) for _ in range(5)))
        target = rng.choice([0, rng.randint(1, 100), rng.randint(100, 9999)])
        found.append(reaches(numbers, target))
        assert found[-1] == stepwise(numbers, target), (numbers, target)
    assert 10 < sum(found) < 50
    assert not reaches((0, 0, 100, 100, 120), 12000)  # no value may be beyond the solver's bound


def test_the_game_of_24_is_always_held_out():
    assert countdown.is_held_out(problem())
    rng = random.Random(0)
    for _ in range(300):
        made = countdown.generate(4, rng)
        given, target = countdown.read(made.text)
        if target == 24 and max(given) <= 13:
            assert countdown.is_held_out(made)


def test_hope_is_lost_at_the_step_after_which_the_target_cannot_be_reached():
    steps = ["10 * 6 = 60 (left: 4 5 60)", "60 * 5 = 300 (left: 4 300)", "300 + 4 = 304 (left: 304)"]
    assert countdown.check_steps(problem(), steps) == [None, None, "It ends at 304, not 24."]
    hopes = countdown.can_succeed(problem(), steps)
    assert hopes[-2:] == [False, False]


def ways(given: tuple[int, ...], target: int) -> int:
    """How many sequences of legal steps end at the target."""
    if len(given) == 1:
        return int(given == (target,))
    return sum(ways(step[-1], target) for step in moves(given))


def test_evenly_drawn_targets_have_fewer_ways_to_them_and_right_solutions():
    rng = random.Random(4)
    found = {}
    for make in (countdown.construct, countdown.construct_evenly):
        counts = []
        for _ in range(60):
            made, solution = make(4, rng)
            given, target = countdown.read(made.text)
            assert countdown.check_steps(made, list(solution.steps)) == [None] * 3
            assert 1 <= target <= countdown.LARGEST_TARGET
            counts.append(ways(given, target))
        found[make] = sorted(counts)[30]
    assert found[countdown.construct_evenly] < found[countdown.construct] / 2
    assert len(countdown.read(countdown.construct_evenly(6, rng)[0].text)[0]) == 6
