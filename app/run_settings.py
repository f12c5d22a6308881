"""What the setup column says about a problem and its tests, and a spec as the values of its controls.

Knows problems and budgets in the units of the one budget control. Does not know components.
"""

from __future__ import annotations

import json
from typing import Any

from app import budget_control
from engine.budget import Budget
from engine.errors import PonderError
from engine.models import catalogue
from engine.sandbox import choosing
from engine.tasks import FAMILIES, Problem, identify
from engine.tasks.problem import Tests

FAMILY_LABELS = {"countdown": "24", "arithmetic": "Sum", "story": "Story", "programs": "Program"}
FIRST_LEVELS = {"countdown": 4, "arithmetic": 3, "story": 3, "programs": 2}


def describe(text: str, model: str = "") -> str:
    """What kind of problem this is, in a few words; where it is none of the families, what that means."""
    read = _read(text)
    if read is not None and read.task is not None:
        return f"{FAMILIES[read.task].title}, {read.difficulty} {FAMILIES[read.task].unit}"
    if not text.strip():
        return ""
    if is_general(model):
        return "A problem of your own: give its answer under Advanced, or tests below, to have it judged."
    return "Not a problem the bundled models know; another model may."


def task_of(text: str) -> str | None:
    """The family of a problem, None for free text."""
    read = _read(text)
    return read.task if read else None


def is_general(model: str) -> bool:
    """Whether the model reads problems of any kind."""
    try:
        return catalogue.find(model).source != "bundled"
    except PonderError:
        return False


def tests_in(text: str) -> Tests | None:
    """Tests as they were typed: pairs as JSON, else Python source; None for an empty field."""
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, list) else text


def tests_as_text(tests: Tests | None) -> str:
    """The other way round."""
    if tests is None or isinstance(tests, str):
        return tests or ""
    return json.dumps(tests, ensure_ascii=False)


def tests_hint() -> str:
    """What may be typed as tests, or why no program is run here."""
    disabled = choosing.choice().why_disabled
    return disabled or "Pairs like [[[1, 2], 3], [[-1, 5], 4]], or Python with asserts. They decide ✓ or ✗."


def in_one_unit(budget: Budget) -> tuple[str, float | None]:
    """The budget in the unit that the control shows, and the amount; None where nothing is limited."""
    if budget.max_seconds is not None:
        return "seconds", budget.max_seconds
    if budget.max_usd is not None:
        return "dollars", budget.max_usd
    return "tokens", budget.max_tokens


def slider_range(unit: str, amount: float | None) -> dict[str, Any]:
    """The slider's settings for a unit, wide enough for the amount; its usual amount where that is None."""
    least, most, step, usual = budget_control.UNITS[unit]
    value = usual if amount is None else amount
    return {"minimum": min(least, value), "maximum": max(most, value), "step": step, "value": value}


def _read(text: str) -> Problem | None:
    try:
        return identify(text)
    except PonderError:
        return None
