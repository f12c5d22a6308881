"""What is compared: lanes, one matched budget, and, for a batch, the problems and the points of the curve.

Knows what a browser may ask for and turns it into specs of runs; refuses the rest in one sentence. Does not
know how runs are made or shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app import budget_control
from engine.budget import Budget
from engine.errors import BadInput
from engine.lab.problems import draw, sample
from engine.runs import RunSpec
from engine.strategies import STRATEGIES

MAX_LANES = 4
MIN_BATCH, MAX_BATCH = 20, 200  # problems
GIGA = 1e9
UNITS = {  # what an amount counts -> a first amount
    "tokens": budget_control.UNITS["tokens"][3],
    "seconds": budget_control.UNITS["seconds"][3],
    "GFLOPs": 12.0,
    "dollars": budget_control.UNITS["dollars"][3],
}
CURVES = {  # parts of the budget at which a batch measures
    "full": (1.0,),
    "three": (0.25, 0.5, 1.0),
    "four": (0.125, 0.25, 0.5, 1.0),
}


@dataclass(frozen=True, slots=True)
class Lane:
    """One way to solve a problem; `params` holds what differs from the strategy's defaults."""

    strategy: str
    model: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch: every lane on every problem at every part of the budget, in cells numbered problem by problem.

    All runs of one problem have the same seed.
    """

    family: str
    difficulty: int
    problems: tuple[str, ...]
    lanes: tuple[Lane, ...]
    unit: str
    amount: float
    parts: tuple[float, ...]
    seed: int

    @property
    def cells(self) -> int:
        return len(self.problems) * len(self.parts) * len(self.lanes)

    def place(self, cell: int) -> tuple[int, int, int]:
        """The (problem, part, lane) of a cell."""
        rest, lane = divmod(cell, len(self.lanes))
        problem, part = divmod(rest, len(self.parts))
        return problem, part, lane

    def weight(self, cell: int) -> float:
        """How much work a cell is expected to be, as a share of the full budget."""
        return self.parts[self.place(cell)[1]]

    def spec(self, cell: int, batch: str | None = None) -> RunSpec:
        """The run that fills a cell."""
        problem, part, lane = self.place(cell)
        limits = budget(self.unit, self.amount * self.parts[part])
        one = self.lanes[lane]
        return RunSpec(
            self.problems[problem], one.model, one.strategy, dict(one.params), self.family,
            seed=self.seed + problem, budget=limits, batch=batch, cell=cell,
        )  # fmt: skip

    def record(self) -> dict[str, Any]:
        """As plain JSON values; `plan_from` reads it back."""
        return asdict(self)


def plan_from(record: Mapping[str, Any]) -> Plan:
    """The plan that `record` made."""
    lanes = tuple(Lane(**lane) for lane in record["lanes"])
    lists = {"problems": tuple(record["problems"]), "parts": tuple(record["parts"]), "lanes": lanes}
    return Plan(**dict(record) | lists)


def budget(unit: str, amount: float) -> Budget:
    """The budget of so much of a unit. Raises BadInput for an amount that is no limit, or an unknown unit."""
    if unit not in UNITS:
        raise BadInput(f"A budget is counted in {', '.join(UNITS)}, not in {str(unit)[:40]!r}.")
    if unit == "GFLOPs":
        return Budget(max_flops=amount * GIGA)
    return budget_control.budget(unit, max(1, round(amount)) if unit == "tokens" and amount > 0 else amount)


# ---- what a browser asks for ---------------------------------------------------------------------------


def lanes_of(asked: Any) -> tuple[Lane, ...]:
    """The lanes of a request. Raises BadInput where they are none, too many, or not lanes."""
    if not isinstance(asked, list) or not 1 <= len(asked) <= MAX_LANES:
        raise BadInput(f"A comparison has one to {MAX_LANES} lanes.")
    found = []
    for number, lane in enumerate(asked, start=1):
        if not isinstance(lane, dict) or lane.get("strategy") not in STRATEGIES:
            raise BadInput(f"Lane {number} has no strategy that is known here: choose one.")
        params = lane.get("params") or {}
        if not isinstance(params, dict):
            raise BadInput(f"The settings of lane {number} cannot be read: set them again.")
        found.append(Lane(lane["strategy"], str(lane.get("model") or ""), dict(params)))
    return tuple(found)


def amount_of(asked: Any) -> float:
    """The amount of a budget. Raises BadInput for what is no number, or nothing."""
    if isinstance(asked, bool) or not isinstance(asked, int | float) or not -1e300 < asked < 1e300:
        raise BadInput("The budget needs a number: say how much each lane may spend.")
    if asked <= 0:
        raise BadInput(f"The budget must be more than 0, not {asked:g}.")
    return float(asked)


def whole(asked: Any, what: str, least: int, most: int) -> int:
    """A whole number within a range. Raises BadInput that names `what`."""
    is_whole = isinstance(asked, int | float) and not isinstance(asked, bool) and asked == asked // 1
    if not is_whole or not least <= asked <= most:
        raise BadInput(f"{what} must be a whole number from {least:,} to {most:,}.")
    return int(asked)


def specs_of(asked: Mapping[str, Any]) -> list[RunSpec]:
    """One run a lane, all with the same problem, seed and budget. Raises BadInput."""
    limits = budget(str(asked.get("unit")), amount_of(asked.get("amount")))
    seed = whole(asked.get("seed"), "The seed", 0, 2**53)
    expected = str(asked.get("expected") or "").strip() or None
    problem = str(asked.get("problem") or "")
    tests = asked.get("tests")
    task = "code" if tests is not None and asked.get("task") == "code" else None
    return [
        RunSpec(
            problem, lane.model, lane.strategy, dict(lane.params), task,
            expected=expected, seed=seed, budget=limits, tests=tests,
        )
        for lane in lanes_of(asked.get("lanes"))
    ]  # fmt: skip


def plan_of(asked: Mapping[str, Any], *, is_sample: bool = False) -> Plan:
    """The batch that is asked for, its problems drawn; `is_sample`: one stands for all. Raises BadInput."""
    unit, amount = str(asked.get("unit")), amount_of(asked.get("amount"))
    budget(unit, amount)
    curve = asked.get("curve")
    if curve not in CURVES:
        raise BadInput(f"The curve is measured in one of {', '.join(CURVES)}, not {str(curve)[:40]!r}.")
    count = whole(asked.get("count"), "The number of problems", MIN_BATCH, MAX_BATCH)
    difficulty = whole(asked.get("difficulty"), "The difficulty", 1, 100)
    seed = whole(asked.get("seed"), "The seed", 0, 2**53)
    family = str(asked.get("family"))
    lanes = lanes_of(asked.get("lanes"))
    drawn = [sample(family, difficulty)] if is_sample else draw(family, difficulty, count, seed)
    problems = tuple(problem.text for problem in drawn)
    return Plan(family, difficulty, problems, lanes, unit, amount, CURVES[str(curve)], seed)
