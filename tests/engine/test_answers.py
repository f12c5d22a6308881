"""Extraction and comparison of final answers, on real model output among others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import answers, equality
from engine.backends.protocol import Profile
from engine.tasks import FAMILIES, identify
from engine.tasks.problem import Problem

DATA = Path(__file__).parents[1] / "data" / "gsm8k"
REFERENCE = [json.loads(line) for line in (DATA / "test.jsonl").read_text().splitlines()]
SAMPLED = [json.loads(line) for line in (DATA / "example_model_solutions.jsonl").read_text().splitlines()]
MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
GENERAL = Profile(think_open="<think>", think_close="</think>")
BUNDLED = Profile(name="bundled", think_open="<think>", think_close="</think>", is_bundled=True)
FREE = Problem("?")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("so it is \\boxed{42}.", "42"),
        ("first \\boxed{3}, no: \\boxed{4}", "4"),
        ("\\boxed{\\frac{1}{2}} as wanted", "0.5"),
        ("\\boxed{\\dfrac{2}{6}}", "1/3"),
        ("\\boxed{\\frac{\\pi}{2}}", "\\frac{\\pi}{2}"),
        ("\\boxed{\\text{Paris}}", "Paris"),
        ("\\boxed{7} but then \\boxed{8", "7"),
        ("16 - 7 = 9\n#### 18", "18"),
        ("The answer is 70,000 dollars.", "70000"),
        ("The final answer is: $18.00.", "18"),
        ("The answer is x = 3.", "x = 3"),
        ("Step 1: 2 + 2 = 4\nA: 4", "4"),
        ("He pays 5 and gets 3 back, so 2", "2"),
        ("It cannot be known", None),
        ("", None),
    ],
)
def test_extraction_from_free_text(text: str, answer: str | None) -> None:
    assert answers.extract_text(text) == answer


def test_a_number_in_the_thinking_is_no_answer_once_the_thinking_is_closed() -> None:
    assert answers.extract(FREE, "so 5, \\boxed{5}, wait</think>It is 6.", GENERAL) == "6"


@pytest.mark.parametrize("line", REFERENCE, ids=range(len(REFERENCE)))
def test_reference_solutions_of_gsm8k(line: dict[str, str]) -> None:
    expected = line["answer"].rpartition("####")[2].strip()
    found = answers.extract_text(line["answer"])
    assert found is not None
    assert answers.is_correct(Problem(line["question"], expected=expected), found)


@pytest.mark.parametrize("model", MODELS)
def test_the_published_verdicts_on_model_solutions_of_gsm8k(model: str) -> None:
    """OpenAI's own verdict on real model output, wherever the solution is well formed."""
    disagreements = []
    for line in SAMPLED:
        expected = line["ground_truth"].rpartition("A:")[2].strip()
        sampled = line[model]
        found = answers.extract_text(sampled["solution"])
        if answers.is_correct(Problem(line["question"], expected=expected), found) != sampled["is_correct"]:
            disagreements.append((line["question"], sampled["solution"]))
    assert disagreements == []


@pytest.mark.parametrize(
    ("expected", "answer", "same"),
    [
        ("18", "$18.00", True),
        ("70000", "70,000", True),
        ("10", "10\\%", True),
        ("\\frac{1}{2}", "0.5", True),
        ("\\dfrac{3}{4}", "3/4", True),
        ("Paris", "\\text{paris}", True),
        ("(x+1)^2", "x^2+2x+1", True),
        ("2\\sqrt{2}", "\\sqrt{8}", True),
        ("(1, 2)", "(2, 1)", False),
        ("18", "19", False),
        ("Paris", "London", False),
        ("7", "", False),
    ],
)
def test_equality(expected: str, answer: str, same: bool) -> None:
    assert answers.are_equal(expected, answer) is same


def test_algebra_that_never_ends_is_killed_and_the_next_question_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    equality.is_equal("\\frac{1}{3}", "\\frac{2}{6}")  # the worker is up, so that only the question is timed
    monkeypatch.setattr(equality, "QUESTION_SECONDS", 1.0)
    assert not equality.is_equal("2", "9^{9^{9^{9^{9}}}}")
    monkeypatch.setattr(equality, "QUESTION_SECONDS", 1e9)
    assert not equality.is_equal("2", "9^{9^{9^{9^{9}}}}")  # it is not asked again
    monkeypatch.undo()
    assert equality.is_equal("\\frac{2}{4}", "\\frac{1}{2}")


@given(st.text(max_size=200))
def test_no_text_breaks_extraction(text: str) -> None:
    found = answers.extract_text(text)
    assert found is None or answers.canonical(found) == found or len(found) <= answers.MAX_ANSWER_CHARS


@given(st.integers(-(10**9), 10**9))
def test_whole_numbers_are_canonical_with_and_without_commas(number: int) -> None:
    assert answers.canonical(f"{number:,}") == answers.canonical(f"${number}") == str(number)


def test_a_family_judges_its_own_answers() -> None:
    puzzle = identify("Use 4 5 6 10 to make 24.")
    said = "10 - 6 = 4 (left: 4 4 5)\n4 * 5 = 20 (left: 4 20)\n20 + 4 = 24 (left: 24)\n</think> 24"
    found = answers.extract(puzzle, said, BUNDLED)
    assert found is not None
    assert answers.is_correct(puzzle, found)
    assert answers.is_correct(puzzle, None) is False
    # A general model answers the same puzzle in its own way.
    assert answers.is_correct(puzzle, answers.extract(puzzle, "Try … \\boxed{(10 - 6) * 5 + 4}", GENERAL))


def test_a_turn_without_thinking_is_all_answer() -> None:
    problem = identify("Compute ((17 + 5) * 3) - 8.")
    assert answers.extract(problem, " 58", BUNDLED, thinking=False) == "58"
    assert answers.extract(problem, "17 + 5 = 22", BUNDLED) is None


def test_groups_keep_the_order_first_seen() -> None:
    assert answers.group(FREE, ["3", "\\frac{6}{2}", "4", "3.0", "x"]) == [[0, 1, 3], [2], [4]]
    assert answers.group(None, []) == []


def test_truth_is_known_for_families_and_where_it_was_given() -> None:
    assert answers.has_truth(identify(FAMILIES["story"].example))
    assert answers.has_truth(Problem("?", expected="3"))
    assert not answers.has_truth(FREE)
    assert answers.is_correct(FREE, "3") is None
