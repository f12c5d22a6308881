"""The one budget control: a unit, an amount, and in words what it will buy on this machine.

Knows units, sensible ranges and how to phrase a forecast. The forecast itself is engine.forecasting's.
"""

from __future__ import annotations

from engine.budget import Budget
from engine.errors import BadInput
from engine.forecasting.foretell import Foretold

UNITS: dict[str, tuple[float, float, float, float]] = {  # least, most, step, default
    "tokens": (50, 8000, 50, 2000),
    "seconds": (0.5, 60, 0.5, 5),
    "dollars": (0.00001, 0.001, 0.00001, 0.0001),
}


def budget(unit: str, amount: float | None) -> Budget:
    """The budget that the control shows. Raises BadInput for no amount, or one that is no limit."""
    if amount is None:
        raise BadInput(f"The budget is empty: type how many {unit} a run may take.")
    match unit:
        case "seconds":
            return Budget(max_seconds=amount)
        case "dollars":
            return Budget(max_usd=amount)
        case _:
            return Budget(max_tokens=int(amount) if float(amount).is_integer() else amount)  # type: ignore[arg-type]


def in_words(found: Foretold) -> str:
    """A forecast in one line of plain words, and what the budget means for it."""
    ending = "the budget ends it" if found.is_cut else "the budget is never exceeded"
    return f"{in_short(found)}; {ending}."


def in_short(found: Foretold) -> str:
    """What it takes and how much of what it may make, with no full stop."""
    parts = [f"About {found.tokens:,} tokens"]
    if found.seconds is not None:
        parts.append(f"{found.seconds:.1f} s here" if found.seconds >= 0.1 else f"{found.seconds:.2f} s here")
    if found.usd is not None:
        parts.append(f"${found.usd:.5f}" if found.usd >= 0.00001 else f"${found.usd:.7f}")
    unit = found.unit if found.count != 1 else found.unit.removesuffix("s")
    return f"{', '.join(parts)}: up to {found.count:,} {unit}"
