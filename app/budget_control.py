"""The one budget control: a unit, an amount, and in words what it will buy on this machine.

Knows units, sensible ranges and how to phrase a forecast. The forecast itself is engine.cost's; the speed is
that of the last runs made here, and where none was made no seconds are promised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine import cost
from engine.budget import Budget
from engine.forecasting.foretell import Foretold
from engine.strategies import STRATEGIES
from storage.store import RunSummary

UNITS: dict[str, tuple[float, float, float, float]] = {  # least, most, step, default
    "tokens": (50, 8000, 50, 2000),
    "seconds": (0.5, 60, 0.5, 5),
    "dollars": (0.00001, 0.001, 0.00001, 0.0001),
}
CHAIN_STEPS = {"countdown": 4.0, "arithmetic": 5.0, "story": 6.0}
CHAIN_STEPS_ELSE = 8.0


def budget(unit: str, amount: float | None) -> Budget:
    """The budget that the control shows. Raises BadInput for an amount that is no limit."""
    if amount is None:
        return Budget()
    match unit:
        case "seconds":
            return Budget(max_seconds=amount)
        case "dollars":
            return Budget(max_usd=amount)
        case _:
            return Budget(max_tokens=int(amount) if float(amount).is_integer() else amount)  # type: ignore[arg-type]


def speed(summaries: Sequence[RunSummary], model: str) -> float | None:
    """Tokens a second over the latest finished runs of this model here; None where there is none."""
    spent = seconds = 0.0
    for summary in summaries:
        if summary.model == model and summary.seconds and summary.spent_tokens:
            spent += summary.spent_tokens
            seconds += summary.seconds
    return spent / seconds if seconds else None


def forecast(
    strategy: str,
    params: Mapping[str, Any],
    limits: Budget,
    task: str | None,
    tokens_per_second: float | None,
    parameters: int,
) -> str:
    """What the budget will buy, in one line of plain words."""
    filled = {p.name: p.default for p in STRATEGIES[strategy].parameters} | dict(params)
    if filled.get("scorer") == "auto":
        filled["scorer"] = "process_reward"
    found = cost.predict(
        strategy,
        filled,
        limits,
        steps_per_chain=CHAIN_STEPS.get(task or "", CHAIN_STEPS_ELSE),
        tokens_per_second=tokens_per_second,
        parameters=parameters,
    )
    bought = [f"About {found.count:,} {found.unit if found.count != 1 else found.unit.removesuffix('s')}"]
    bought.append(f"{found.tokens:,} tokens")
    if found.seconds is not None:
        bought.append(f"{found.seconds:.1f} s here")
    if found.usd is not None:
        bought.append(f"${found.usd:.5f}")
    ending = "The budget ends it; it is never exceeded." if found.is_cut else "The budget is never exceeded."
    return f"{', '.join(bought)}. {ending}"


def in_words(found: Foretold) -> str:
    """A forecast in one line of plain words."""
    parts = [f"About {found.tokens:,} tokens"]
    if found.seconds is not None:
        parts.append(f"{found.seconds:.1f} s here" if found.seconds >= 0.1 else f"{found.seconds:.2f} s here")
    if found.usd is not None:
        parts.append(f"${found.usd:.5f}" if found.usd >= 0.00001 else f"${found.usd:.7f}")
    unit = found.unit if found.count != 1 else found.unit.removesuffix("s")
    ending = "the budget ends it" if found.is_cut else "the budget is never exceeded"
    return f"{', '.join(parts)}: up to {found.count:,} {unit}; {ending}."
