"""Every prompt the engine shows a model, each with its source.

Knows words only. Does not know chat templates (the backend renders them) or how answers are compared.
Models trained by this repository were trained on the bundled wording, so it must not change without them.
"""

from __future__ import annotations

import re

from engine.backends.protocol import Profile

BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
"""Source: model card of Qwen2.5-Math-Instruct; DeepSeek-R1's card asks for the same in the user turn."""

BOXED_ONLY = "Reply with the final answer only, within \\boxed{}, and nothing else."
"""The counterpart of BOXED without reasoning; ours."""

BUNDLED = {
    "critique": "Find the first wrong step.",
    "rewrite": "Rewrite the solution.",
    "self_evaluation": "Is it right so far?",
}
"""What the bundled models were trained on; ours."""

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
    # P(True) of Kadavath et al. 2022 (arXiv 2207.05221, section 3), asked of a partial solution as the value
    # prompts of Tree of Thoughts are (arXiv 2305.10601); wording ours.
    "self_evaluation": "Is the solution above right so far? Reply with one word, yes or no.",
}
"""The same turns for models that follow instructions in general."""

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


def question(text: str, profile: Profile, thinking: bool | None = None) -> str:
    """The first user turn: the problem, with the directive the profile's models need.

    `thinking` False asks for the answer alone. Bundled models read the problem as it is.
    """
    if profile.is_bundled:
        return text
    if thinking is False:
        return f"{text}\n\n{BOXED_ONLY}"
    if "\\boxed" in profile.system_prompt:
        return text
    return f"{text}\n\n{BOXED}"


def instruction(key_or_text: str, profile: Profile) -> str:
    """The later user turn for a key of this module ("critique", "rewrite", …); other text stays as it is."""
    return (BUNDLED if profile.is_bundled else GENERAL).get(key_or_text, key_or_text)


def finds_nothing(text: str) -> bool:
    """Whether a critique says that nothing is wrong. Doubt counts as a finding."""
    return bool(NOTHING_FOUND.search(text)) and not SOMETHING_FOUND.search(text)
