"""What the models are taught: nothing held out, nothing false."""

import random

import pytest

from engine.tasks import FAMILIES, identify
from engine.tasks.problem import split_turn
from engine.training import examples, reward
from engine.training.tokenizer import END, THINK, USER


def question_of(example):
    return "".join(s.text for s in example).split(USER)[1].split(END)[0]


@pytest.mark.parametrize("make", [*examples.FORMATS, reward.made])
def test_no_held_out_problem_is_ever_taught(make):
    rng = random.Random(2)
    for _ in range(150):
        problem = identify(question_of(make(rng)))
        assert not FAMILIES[problem.task or ""].is_held_out(problem)


def test_every_taught_solution_is_right():
    rng = random.Random(3)
    for _ in range(150):
        taught = examples.reason(rng)
        problem = identify(question_of(taught))
        family = FAMILIES[problem.task or ""]
        steps, answer = split_turn(taught[-1].text.removesuffix(END))
        assert family.check_steps(problem, steps) == [None] * len(steps)
        found = family.extract(problem, taught[-1].text.removesuffix(END))
        assert answer and found is not None and family.is_correct(problem, found)


def test_criticisms_name_the_first_wrong_step():
    rng = random.Random(5)
    said = [examples.critique(rng)[-1].text for _ in range(80)]
    assert any("Every step is right." in text for text in said)
    assert any(" is wrong: " in text for text in said)


def test_verdicts_of_the_process_reward_are_the_exact_ones():
    rng = random.Random(6)
    seen = set()
    for _ in range(80):
        example = reward.made(rng)
        problem = identify(question_of(example))
        steps = [s.text.strip() for s in example[1:-1]]
        hopes = FAMILIES[problem.task or ""].can_succeed(problem, steps)
        assert [s.verdict for s in example[1:-1]] == [int(hope) for hope in hopes]
        assert example[0].text.endswith(f"{THINK}\n")
        seen |= {s.verdict for s in example}
    assert {0, 1} <= seen
