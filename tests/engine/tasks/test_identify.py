import pytest

from engine.errors import BadInput, OutsideFamily
from engine.tasks import FAMILIES, identify


@pytest.mark.parametrize("name", FAMILIES)
def test_every_example_is_of_its_family(name):
    assert identify(FAMILIES[name].example).task == name


@pytest.mark.parametrize("text", ["", "   \n"])
def test_an_empty_problem_is_said_to_be_empty(text):
    with pytest.raises(BadInput, match="empty"):
        identify(text)


def test_a_problem_of_no_family_is_answered_with_examples():
    with pytest.raises(OutsideFamily, match="Use 4 5 6 10 to make 24"):
        identify("Who wrote Hamlet?")


def test_a_named_family_alone_is_tried():
    with pytest.raises(OutsideFamily):
        identify("Compute 1 + 2.", task="countdown")
    with pytest.raises(BadInput, match="no task family"):
        identify("Compute 1 + 2.", task="chess")
