"""What the models are taught: nothing held out, nothing false."""

import random
import re

import pytest

from engine.tasks import FAMILIES, Problem, identify, list_lines, programs
from engine.tasks.problem import split_turn
from engine.training import examples, recall, reward
from engine.training.own_errors import OwnAttempts
from engine.training.sampling import labelled
from engine.training.tokenizer import END, THINK, USER
from engine.training.verdicts import at_every_token


def question_of(example):
    return "".join(s.text for s in example).split(USER)[1].split(END)[0]


def tried(form):
    """A second-turn format with made errors."""
    return lambda rng: form(rng, examples.made_attempt)


@pytest.mark.parametrize(
    "make",
    [
        *examples.FIRST_TURNS,
        *map(tried, examples.SECOND_TURNS),
        examples.example,
        recall.look_up,
        reward.made,
    ],
)
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
    said = [tried(examples.critique)(rng)[-1].text for _ in range(80)]
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


@pytest.mark.parametrize(
    ("task", "asked", "step", "marks"),
    [
        ("arithmetic", "Compute 9 * 36.", "9 * 36 = 324", "111111111111"),  # right: 1 throughout
        ("arithmetic", "Compute 9 * 36.", "9 * 36 = 304", "........1100"),  # dies at the 0
        ("arithmetic", "Compute 9 * 36.", "9 * 35 = 315", "........0000"),  # no such operation
        ("countdown", "Use 2 3 5 to make 30.", "2 * 3 = 7 (left: 5 7)", ".......10" + "0" * 12),
        (
            "countdown",
            "Use 2 3 5 to make 30.",
            "5 - 3 = 2 (left: 2 2)",
            ".......00" + "0" * 12,
        ),  # sound, hopeless
        (
            "story",
            "Al has 3 cups. Bo has 5 cups. How many cups does Bo have?",
            "Bo has 3 cups.",
            "1111111" + "0" * 7,
        ),
        (
            "programs",
            "Find the program.\n[3, 1, 2] -> [1, 2, 3]\n[5, 4, 9, 1] -> [1, 4, 5, 9]\n[8, 2, 7] -> [2, 7, 8]",
            "xs = xs[1:]  # [1, 2] [4, 9, 1] [2, 7]",  # the line loses what is needed; its lists follow
            "." * 13 + "0" * 25,
        ),
    ],
)
def test_a_reward_learns_from_the_character_on_where_a_verdict_is_known(task, asked, step, marks):
    example = at_every_token(labelled(Problem(asked, task), f"{step}\n</think> 1"))
    said = "".join("." if mark is None else str(mark) for mark in example[1].by_character)
    assert said == marks
    assert example[1].verdict == int("0" not in marks)


def test_a_step_after_the_first_wrong_one_is_judged_at_its_end_alone():
    example = at_every_token(labelled(Problem("Compute 2 * 3 + 1.", "arithmetic"), "2 * 3 = 7\n7 + 1 = 8\n"))
    assert example[2].verdict == 0 and set(example[2].by_character) == {None}


def test_lines_that_lead_elsewhere_are_carried_out_with_the_lists_they_do_leave():
    rng = random.Random(10)
    ends = set()
    for _ in range(100):
        asked, *lines = examples.carry_out(rng)
        problem = identify(question_of([asked]))
        puzzle = programs.read(problem.text)
        states = puzzle.before
        for line, lists in zip(lines[::2], lines[1::2], strict=True):
            assert lists.is_learned and not line.is_learned
            operation = list_lines.read(line.text)
            assert operation is not None
            states = tuple(list_lines.apply(operation, xs) for xs in states)
            assert lists.text == f" {' '.join(str(list(xs)) for xs in states)}\n"
        ends.add(states == puzzle.after)
    assert ends == {True, False}


@pytest.mark.parametrize("form", [recall.repeat, recall.pairs, recall.facts])
def test_what_is_to_be_copied_stands_in_the_question(form):
    rng = random.Random(7)
    for _ in range(40):
        shown, learned = form(rng)
        asked, said = shown.text.split(USER)[1].split(END)[0], learned.text.removesuffix(END)
        assert sorted(re.findall(r"\w+", asked)) == sorted(re.findall(r"\w+", said))


def own(text, task, steps, answer):
    """A sample by the checkers' verdict, as stage two gets it."""
    said = "".join(f"{step}\n" for step in steps) + f"</think> {answer}"
    return labelled(Problem(text, task), said)


def test_stage_two_teaches_from_the_models_own_errors():
    right = own("Compute 3 + 4.", "arithmetic", ["3 + 4 = 7"], "7")
    wrong = own("Compute 3 + 5.", "arithmetic", ["3 + 5 = 9"], "9")
    assert right.is_right and not wrong.is_right
    rng = random.Random(8)
    attempts = OwnAttempts([right, wrong])
    drawn = [attempts(rng, 0.5) for _ in range(60)]
    own_ones = [t for t in drawn if t.problem.text in ("Compute 3 + 4.", "Compute 3 + 5.")]
    assert len(own_ones) > 20
    for t in own_ones:
        assert (t.critique == examples.NOTHING_WRONG) == (t.problem.text == "Compute 3 + 4.")
        assert t.solution.answer == ("7" if t.problem.text == "Compute 3 + 4." else "8")


def test_a_repair_follows_the_attempt_and_its_failure():
    rng = random.Random(8)
    attempts = OwnAttempts([own("Compute 3 + 5.", "arithmetic", ["3 + 5 = 7"], "7")])
    told = (
        "3 + 5 = 7\n</think> 7<|end|><|user|>Step 1 is wrong: 3 + 5 = 8, not 7. Rewrite the solution.<|end|>"
    )
    mended = [examples.repair(rng, attempts) for _ in range(200)]
    own_ones = [(shown, said) for shown, said in mended if question_of([shown]) == "Compute 3 + 5."]
    assert len(own_ones) > 100
    for shown, said in own_ones:
        assert told in shown.text and not shown.is_learned
        assert said.text == "3 + 5 = 8\n</think> 8<|end|>" and said.is_learned
    for _ in range(200):
        conversation, _ = examples.rewrite(rng, examples.made_attempt)
        assert conversation.text.count(examples.CRITIQUE) == conversation.text.count(examples.REWRITE) == 1


def test_its_own_errors_come_by_family_and_not_by_how_many_there_are():
    sums = [own("Compute 3 + 5.", "arithmetic", ["3 + 5 = 7"], "7")] * 99
    puzzle = own("Use 2 3 4 5 to make 24.", "countdown", ["2 + 3 = 5 left: 4 5 5"], "2 + 3 + 4 + 5")
    attempts, rng = OwnAttempts([*sums, puzzle]), random.Random(8)
    drawn = [attempts(rng, 0.0).problem.text for _ in range(400)]
    sums_drawn, puzzles_drawn = drawn.count("Compute 3 + 5."), drawn.count("Use 2 3 4 5 to make 24.")
    weights = examples.FAMILY_WEIGHTS
    expected = weights["countdown"] / (weights["countdown"] + weights["arithmetic"])
    assert abs(puzzles_drawn / (sums_drawn + puzzles_drawn) - expected) < 0.1


def test_without_samples_of_its_own_made_errors_take_their_place():
    rng = random.Random(9)
    assert OwnAttempts([])(rng, 0.0).task.name in FAMILIES
