"""What of the bundled family is here: the plan of the bench, and a digest of the weights it measures.

Knows the catalogue and folders. Loads nothing.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from engine.bench.claims.outcomes import REWARD
from engine.bench.claims.plan import Plan
from engine.errors import ModelUnavailable
from engine.models import catalogue

QUICK_PROBLEMS, QUICK_SAMPLES = 20, 32


def plan_here(main: str, small: str, large: str, *, is_quick: bool) -> Plan:
    """The plan with what is missing here. Raises ModelUnavailable where the main model cannot be used."""
    missing: dict[str, str] = {}
    for model in (small, large):
        try:
            facts = catalogue.find(model)
            why = None if facts.is_usable else facts.why_not
        except ModelUnavailable:
            why = f"{model} is not here: `python app.py train {model}` makes it."
        if why:
            missing[model] = why
    facts = catalogue.find(main)
    if not facts.is_usable:
        raise ModelUnavailable(facts.why_not or f"{main} cannot be used here.")
    if facts.process_reward is None:
        reward = catalogue.BUNDLED_REWARD
        missing[REWARD] = f"The process reward {reward} is not here: `python app.py train {reward}` makes it."
    plan = Plan(main, small, large, missing=missing)
    if is_quick:
        plan = Plan(main, small, large, QUICK_PROBLEMS, QUICK_SAMPLES, missing)
    return plan


def weights(plan: Plan) -> dict[str, str]:
    """A digest of each model's weights that are here, and of the process reward's."""
    found = {
        model: digest(catalogue.find(model).folder)
        for model in dict.fromkeys((plan.main, plan.small, plan.large))
        if model not in plan.missing
    }
    reward = catalogue.find(plan.main).process_reward
    if reward is not None:
        folder = catalogue.BUNDLED_FOLDER / reward
        found[REWARD] = digest(str(folder)) if folder.is_dir() else reward
    return found


def digest(folder: str | None) -> str:
    """Of the weights and the configuration; "" for what has none."""
    if folder is None:
        return ""
    total = hashlib.sha256()
    for path in sorted([*Path(folder).glob("*.safetensors"), *Path(folder).glob("*.json")]):
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]
