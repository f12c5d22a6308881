import random

import pytest

from engine.errors import OutsideFamily
from engine.tasks import story

TOLD = (
    "Ben has 5 times as many coins as Jack. Zoe has 3 coins. Finn has as many coins as Ben and Paul "
    "together. Jack has 11 coins. Paul has 4 fewer coins than Jack. How many coins does Finn have?"
)


def test_it_reads_facts_in_any_order_and_counts_only_the_needed_ones():
    problem = story.parse(TOLD)
    assert problem is not None
    assert (problem.expected, problem.difficulty) == ("62", 4)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Jack has 11 coins. How many coins does Ben have?", "never says how many coins Ben has"),
        ("Jack has 11 coins. How many books does Jack have?", "one kind of item"),
        ("Jack has 11 coins. Jack has 2 coins. How many coins does Jack have?", "Two sentences"),
        ("A has 2 more pens than B. B has 2 more pens than A. How many pens does A have?", "circle"),
        (
            "Jack has 11 coins. Ben has 12 fewer coins than Jack. How many coins does Ben have?",
            "would have -1",
        ),
        ("Jack has a lot of coins. How many coins does Jack have?", "not a fact"),
    ],
)
def test_what_breaks_the_rules_is_named(typed, said):
    with pytest.raises(OutsideFamily, match=said):
        story.parse(typed)


def test_a_solution_repeats_the_needed_facts_from_the_question_back_and_then_works_forward():
    problem = story.parse(TOLD)
    assert problem is not None
    solution = story.solve(problem, random.Random(0))
    assert solution is not None and solution.answer == "62"
    assert solution.steps == (
        "Finn has as many coins as Ben and Paul together.",
        "Ben has 5 times as many coins as Jack.",
        "Paul has 4 fewer coins than Jack.",
        "Jack has 11 coins.",
        "Paul has 11 - 4 = 7 coins.",
        "Ben has 5 * 11 = 55 coins.",
        "Finn has 55 + 7 = 62 coins.",
    )


def test_each_kind_of_wrong_step_is_explained():
    problem = story.parse(TOLD)
    assert problem is not None
    verdicts = story.check_steps(
        problem,
        [
            "Finn has as many coins as Paul and Ben together.",
            "Finn has as many coins as Ben and Zoe together.",
            "Ben has 4 times as many coins as Jack.",
            "Jack has 12 coins.",
            "Ben has 5 * 12 = 60 coins.",
            "Paul has 12 + 4 = 16 coins.",
            "Mia has 3 coins.",
            "So it is Ben.",
        ],
    )
    assert verdicts == [
        None,
        "The story says: Finn has as many coins as Ben and Paul together.",
        "The story says: Ben has 5 times as many coins as Jack.",
        "The story says: Jack has 11 coins.",
        None,  # right on the 12 that was claimed
        "It should be 12 - 4.",
        "The story says nothing about Mia.",
        "It is not a step like Ben has 5 * 11 = 55 coins.",
    ]


def test_a_number_that_is_not_known_yet_cannot_be_used():
    problem = story.parse(TOLD)
    assert problem is not None
    assert story.check_steps(problem, ["Ben has 5 * 11 = 55 coins."]) == [
        "How many Jack has is not known yet."
    ]
