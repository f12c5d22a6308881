import pytest

from engine.errors import OutsideFamily
from engine.tasks import arithmetic


def problem(text):
    read = arithmetic.parse(text)
    assert read is not None
    return read


@pytest.mark.parametrize(
    "typed",
    [
        "Compute ((17 + 5) * 3) - 8.",
        "what is ((17+5)*3)-8?",
        "((17 + 5) × 3) − 8 =",
        "Calculate: ((17 +5)* 3)- 8",
    ],
)
def test_other_wordings_become_the_one_the_models_know(typed):
    assert problem(typed).text == "Compute ((17 + 5) * 3) - 8."
    assert problem(typed).expected == "58"
    assert problem(typed).difficulty == 3


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Compute 5 - 9.", "-4"),
        ("Compute 7 / 2.", "7/2"),
        ("Compute 900 * 900.", "810000"),
        ("Compute 8.", "not an expression"),
        ("Compute 1+1+1+1+1+1+1+1+1+1.", "9 operations"),
        ("Compute 4 / 0.", "not a number"),
    ],
)
def test_what_breaks_the_rules_is_named(typed, said):
    with pytest.raises(OutsideFamily, match=said.replace("+", r"\+")):
        arithmetic.parse(typed)


def test_text_of_another_kind_is_not_ours():
    assert arithmetic.parse("How many coins does Ben have?") is None
    assert arithmetic.parse("What is the capital of France?") is None


def test_steps_are_judged_on_what_came_before():
    verdicts = arithmetic.check_steps(
        problem("Compute ((17 + 5) * 3) - 8."), ["17 + 5 = 23", "23 * 3 = 69", "22 * 3 = 66", "hello"]
    )
    assert verdicts == [
        "17 + 5 = 22, not 23.",
        None,  # right on the 23 that was claimed
        "There is no 22 * 3 to compute here.",
        "It is not one operation, like 17 + 5 = 22.",
    ]
