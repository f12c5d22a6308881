"""Small batches of quick problems, to test with."""

from __future__ import annotations

from typing import Any

from app.compare_plan import Lane, Plan
from engine.lab.problems import draw

LANES = (Lane("best_of_n", "scripted", {"n": 3}), Lane("chain_of_thought", "scripted", {}))


def plan(count: int = 5, **changes: Any) -> Plan:
    """Two lanes at two parts of a budget of 400 tokens: four cells a problem."""
    texts = tuple(problem.text for problem in draw("arithmetic", 2, count))
    given = {
        "family": "arithmetic", "difficulty": 2, "problems": texts, "lanes": LANES, "unit": "tokens",
        "amount": 400, "parts": (0.5, 1.0), "seed": 1,
    }  # fmt: skip
    return Plan(**given | changes)
