"""What a person is told of each scorer: its title, and in a menu what it goes by."""

from __future__ import annotations

TITLES = {  # title, and what it goes by; static/run_scores.js says the same of each number
    "auto": ("Automatic", "process reward where it fits"),
    "process_reward": ("Process reward", "a trained model's word on each step"),
    "outcome_reward": ("Outcome reward", "a trained model's word on the answer"),
    "self_evaluation": ("Self-evaluation", "the model's own yes"),
    "judge": ("Judge", "the model's verdict in words"),
    "confidence": ("Likelihood", "mean probability of its tokens"),
    "confidence_mean": ("Mean confidence", "over all tokens"),
    "confidence_tail": ("Tail confidence", "over the last tokens"),
    "confidence_lowest": ("Lowest confidence", "of any group of tokens"),
    "unit_tests": ("Unit tests", "those that the problem shows"),
    "verifier": ("Verifier", "knows the truth"),
    "check": ("Check", "what can be checked without the answer"),
}


def title(scorer: str | None) -> str:
    """The title; the name of one that is not known; "" for none."""
    if not scorer:
        return ""
    return TITLES[scorer][0] if scorer in TITLES else scorer.replace("_", " ")


def menu_title(scorer: str) -> str:
    """The title with what it goes by."""
    return ": ".join(TITLES[scorer]) if scorer in TITLES else title(scorer)
