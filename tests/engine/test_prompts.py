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


LINES = Profile(step_ends=("\n",), think_close="</think>", is_bundled=True)
THINKS = Profile(think_close="</think>")


def test_a_wait_is_a_line_of_its_own_where_steps_are_lines() -> None:
    assert prompts.forced("Wait", LINES, "1 + 1 = 2\n") == "Wait\n"
    assert prompts.forced("Hmm", LINES, "1 + 1 =") == "\nHmm\n"
    assert prompts.forced("Wait", THINKS, "so it is 2.") == "Wait"
    assert prompts.forced("Let me see", LINES, "") == "Let me see"


def test_thinking_is_closed_in_the_familys_own_words() -> None:
    assert prompts.forced("close_thinking", LINES, "") == "</think>"
    assert prompts.forced("close_thinking", THINKS, "") == "</think>\n\n"
    own = Profile(think_close="</think>", cut_thought="\n\nTime is up.\n</think>\n\n")
    assert prompts.forced("close_thinking", own, "") == own.cut_thought
    assert prompts.end_of_thinking("so\n</think>\n\n", THINKS) == len("</think>\n\n")
    assert prompts.end_of_thinking("so\n</think>\n\n7", THINKS) == 0


def test_a_finding_is_told_in_the_words_the_bundled_models_were_taught() -> None:
    finding = "Step 2 is wrong: 17 + 5 = 22, not 23."
    assert prompts.instruction("repair", BUNDLED, finding) == f"{finding} Rewrite the solution."
    assert finding in prompts.instruction("repair", GENERAL, finding)
    assert "\\boxed{}" in prompts.instruction("repair", GENERAL, "{braces} stay")


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("All fine.\nVerdict: right", True),
        ("Step 2 slips.\n**Verdict: wrong**", False),
        ("Verdict: Right.", True),
        ("Verdict: right\nOr is it?", None),
        ("Verdict: wrong\nVerdict: right", None),
        ("Verdict: right or wrong", None),
        ("I think the verdict: right", None),
        ("right", None),
        ("", None),
    ],
)
def test_a_verdict_is_read_strictly_or_not_at_all(reply: str, verdict: bool | None) -> None:
    assert prompts.verdict(reply, GENERAL) is verdict


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (" Every step is right.", True),
        (" Step 2 is wrong: 1 + 1 = 2, not 3.", False),
        ("Step 2 is wrong:", None),
        ("Every step is right. Step 2 is wrong: no.", None),
        ("Verdict: right", None),
    ],
)
def test_a_bundled_judge_speaks_as_it_was_taught(reply: str, verdict: bool | None) -> None:
    assert prompts.verdict(reply, BUNDLED) is verdict


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        (" sure", 20.0),
        ("It may.\nLikely.", 1.0),
        ("impossible", 0.001),
        (" yes", 20.0),
        (" no", 0.001),
        ("not sure", None),
        ("sure\nor not", None),
        ("", None),
    ],
)
def test_a_states_value_is_the_last_word_or_nothing(reply: str, value: float | None) -> None:
    assert prompts.state_value(reply) == value
