"""Every prompt the engine shows a model, each with its source.

Knows words only. Does not know chat templates (the backend renders them) or how answers are compared.
Models trained by this repository were trained on the bundled wording, so it must not change without them.
"""

from __future__ import annotations

import re

from engine.backends.protocol import Profile
from engine.tasks.problem import RESTARTS

BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
"""Source: model card of Qwen2.5-Math-Instruct; DeepSeek-R1's card asks for the same in the user turn."""

BOXED_ONLY = "Reply with the final answer only, within \\boxed{}, and nothing else."
"""The counterpart of BOXED without reasoning; ours."""

PROGRAM = "Reply with the whole program in one block that begins with ```python and ends with ```."
"""The directive of a problem whose answer is a Python program; ours."""

PROGRAM_ONLY = f"{PROGRAM} Write nothing else."

BUNDLED = {
    "critique": "Find the first wrong step.",
    "rewrite": "Rewrite the solution.",
    "repair": "{finding} Rewrite the solution.",
    "self_evaluation": "Is it right so far?",
    "value": "Is it right so far?",
    "judge": "Find the first wrong step.",
}
"""What the bundled models were trained on; ours. `{finding}` is what a check found."""

GENERAL = {
    # After the feedback prompts of Self-Refine (arXiv 2303.17651, appendix S); wording ours. Naming the first
    # wrong step follows ProcessBench (arXiv 2412.06559).
    "critique": (
        "Check the solution above one step at a time. If a step is wrong, name the first wrong step and say "
        "why it is wrong. If nothing is wrong, reply exactly: Every step is right."
    ),
    # Self-Refine's refine prompt (arXiv 2303.17651, section 2); wording ours.
    "rewrite": (
        "Rewrite the whole solution so that every mistake found above is gone. Reason step by step, and put "
        "your final answer within \\boxed{}."
    ),
    # The feedback turn of self-debugging (arXiv 2304.05128, section 3); wording ours.
    "repair": (
        "A check of the solution above failed. {finding}\n\nRewrite the whole solution so that the check "
        "passes. Reason step by step, and put your final answer within \\boxed{}."
    ),
    # P(True) of Kadavath et al. 2022 (arXiv 2207.05221, section 3), asked of a partial solution as the value
    # prompts of Tree of Thoughts are (arXiv 2305.10601); wording ours.
    "self_evaluation": "Is the solution above right so far? Reply with one word, yes or no.",
    # The value prompt of Tree of Thoughts (arXiv 2305.10601, section 4.1), for any problem; wording ours.
    "value": (
        "Can the solution above, as far as it goes, still lead to the right answer? "
        "Reply with one word: sure, likely or impossible."
    ),
    # Single-answer grading of a model by a model (arXiv 2306.05685, section 3.1); wording ours.
    "judge": (
        "Check the solution above one step at a time. End your reply with one line that is either "
        "“Verdict: right” or “Verdict: wrong”."
    ),
}
"""The same turns for models that follow instructions in general."""

OF_PROGRAMS = {
    "rewrite": f"Rewrite the program so that every mistake found above is gone. {PROGRAM}",
    "repair": f"The program above fails a test. {{finding}}\n\nRewrite it so that it passes. {PROGRAM}",
}
"""Those of them that ask for an answer, where the answer is a program."""

WAITS = RESTARTS
"""What may be put in place of the end of a thought; the three words that s1 compared (arXiv 2501.19393,
section 5.2). The bundled models know "Wait"."""

FINAL_ANSWER = "\n\nFinal Answer:"
"""What asks a model without thinking for its answer. Source: arXiv 2501.19393, section 3.1."""

STATE_VALUES = {"sure": 20.0, "likely": 1.0, "impossible": 0.001}
"""What a state is worth by the model's word on it. Source: the authors' code of arXiv 2305.10601."""

NOTHING_WRONG = "Every step is right."
FIRST_WRONG = re.compile(r"Step \d+ is wrong: \S.*")
VERDICT_LINE = re.compile(r"^[\s*“\"]*Verdict: \**(right|wrong)\b[\s*”\".]*$", re.IGNORECASE | re.MULTILINE)
_BLANK = "\n\n"  # what models write after the end of their thinking

NOTHING_FOUND = re.compile(
    r"\b(every|each|all)( of the)? (steps?|lines?) (is|are) (right|correct)"
    r"|\bnothing is wrong|\bno (mistakes?|errors?)\b|\bis (completely |entirely )?(right|correct)\b",
    re.IGNORECASE,
)
SOMETHING_FOUND = re.compile(
    r"\b(is|are|was|were) (wrong|incorrect|not (right|correct))\b"
    r"|\bshould (be|have been)\b|\bmistake (is )?in\b",
    re.IGNORECASE,
)


def question(text: str, profile: Profile, thinking: bool | None = None, *, is_program: bool = False) -> str:
    """The first user turn: the problem, with the directive the profile's models need.

    `thinking` False asks for the answer alone. Bundled models read the problem as it is.
    """
    if profile.is_bundled:
        return text
    if is_program:
        return f"{text}\n\n{PROGRAM_ONLY if thinking is False else PROGRAM}"
    if thinking is False:
        return f"{text}\n\n{BOXED_ONLY}"
    if "\\boxed" in profile.system_prompt:
        return text
    return f"{text}\n\n{BOXED}"


def instruction(key_or_text: str, profile: Profile, finding: str = "", *, is_program: bool = False) -> str:
    """The later user turn for a key of this module ("critique", "rewrite", …); other text stays as it is.

    `finding` is what a check found, where the turn tells the model of it.
    """
    known = BUNDLED if profile.is_bundled else GENERAL | OF_PROGRAMS if is_program else GENERAL
    words = known.get(key_or_text, key_or_text)
    return words.replace("{finding}", finding)


def forced(key_or_text: str, profile: Profile, said: str) -> str:
    """The text put into a model's own turn for a key ("close_thinking", one of WAITS); other text as it is.

    `said` is what the turn holds before it. Where steps are lines, a wait is a line of its own.
    """
    if key_or_text == "close_thinking":
        if not profile.think_close:
            return FINAL_ANSWER
        return profile.cut_thought or f"{profile.think_close}{'' if profile.is_bundled else _BLANK}"
    if key_or_text in WAITS and profile.step_ends == ("\n",):
        return ("" if not said or said.endswith("\n") else "\n") + f"{key_or_text}\n"
    return key_or_text


def end_of_thinking(text: str, profile: Profile) -> int:
    """How many characters at the end of `text` are the end of thinking, with blanks after it; 0 for none."""
    body = text.rstrip()
    if not profile.think_close or not body.endswith(profile.think_close):
        return 0
    return len(text) - len(body) + len(profile.think_close)


def state_value(text: str) -> float | None:
    """What a state is worth by the model's reply to "value"; None where its last line is no such word.

    The bundled models say yes or no: sure or impossible.
    """
    lines = text.strip().splitlines() or [""]
    word = lines[-1].strip(" .*").lower()
    return STATE_VALUES.get({"yes": "sure", "no": "impossible"}.get(word, word))


def verdict(text: str, profile: Profile) -> bool | None:
    """Right or wrong by the reply to "judge"; None, an abstention, where it does not say so exactly.

    A general model must end with the line it was asked for, and may state no other verdict before it. A
    bundled one must reply in the words of its training.
    """
    if profile.is_bundled:
        if text.strip() == NOTHING_WRONG:
            return True
        return False if FIRST_WRONG.fullmatch(text.strip()) else None
    stated = VERDICT_LINE.findall(text)
    last = (text.strip().splitlines() or [""])[-1]
    if len(stated) != 1 or not VERDICT_LINE.fullmatch(last.strip()):
        return None
    return stated[0].lower() == "right"


def finds_nothing(text: str) -> bool:
    """Whether a critique says that nothing is wrong. Doubt counts as a finding."""
    return bool(NOTHING_FOUND.search(text)) and not SOMETHING_FOUND.search(text)
