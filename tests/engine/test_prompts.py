"""Prompts by profile, and reading what a critique says."""

from __future__ import annotations

import pytest

from engine import prompts
from engine.backends.protocol import Profile

BUNDLED = Profile(is_bundled=True)
GENERAL = Profile()
QWEN_MATH = Profile(system_prompt=prompts.BOXED)


def test_a_bundled_model_reads_the_problem_as_it_is() -> None:
    assert prompts.question("Compute 1 + 1.", BUNDLED) == "Compute 1 + 1."
    assert prompts.question("Compute 1 + 1.", BUNDLED, thinking=False) == "Compute 1 + 1."
    assert prompts.instruction("rewrite", BUNDLED) == "Rewrite the solution."


def test_a_general_model_is_told_how_to_answer_once() -> None:
    assert prompts.question("1 + 1?", GENERAL).count("\\boxed{}") == 1
    assert "step by step" in prompts.question("1 + 1?", GENERAL)
    assert "step by step" not in prompts.question("1 + 1?", GENERAL, thinking=False)
    assert prompts.question("1 + 1?", QWEN_MATH) == "1 + 1?"


def test_other_instructions_stay_as_they_are() -> None:
    assert prompts.instruction("Now in French.", GENERAL) == "Now in French."
    assert prompts.instruction("critique", GENERAL) == prompts.GENERAL["critique"]


@pytest.mark.parametrize(
    ("critique", "nothing"),
    [
        (" Every step is right.", True),
        ("All of the steps are correct.", True),
        ("There are no mistakes in this solution.", True),
        ("The solution is correct.", True),
        (" Step 2 is wrong: 22 * 3 = 66, not 68.", False),
        ("Most steps are correct, but step 3 is incorrect.", False),
        ("Every step is right except that 5 should be 6.", False),
        ("", False),
        ("Hmm.", False),
    ],
)
def test_what_a_critique_finds(critique: str, nothing: bool) -> None:
    assert prompts.finds_nothing(critique) is nothing
