"""How a strategy declares its parameters: in its own signature, once.

Knows types, ranges and meanings, and how to check a value. Does not know any strategy.

    def best_of_n(root: Node, n: Annotated[int, Param(1, 256, "Chains sampled.")] = 16) -> Search: ...
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from engine.errors import BadInput
from engine.strategies.selection import AGGREGATIONS, RULES

ParameterType = Literal["int", "float", "bool", "choice"]
SCORERS = (
    "auto",
    "process_reward",
    "outcome_reward",
    "self_evaluation",
    "judge",
    "confidence",
    "confidence_mean",
    "confidence_tail",
    "confidence_lowest",
    "unit_tests",
    "verifier",
)


@dataclass(frozen=True, slots=True)
class Param:
    """Range (both ends included) and meaning of a number; put into `Annotated`."""

    minimum: float
    maximum: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The words a parameter may take, and its meaning; put into `Annotated`."""

    choices: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One knob of a strategy, as the page and the command line show it."""

    name: str
    type: ParameterType
    default: int | float | bool | str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    meaning: str

    def check(self, value: Any) -> Any:
        """The value in the parameter's own type. Raises BadInput with what was expected."""
        if self.type == "choice":
            if value not in self.choices:
                raise BadInput(f"{self.name} must be one of {', '.join(self.choices)}, not {value!r}.")
            return value
        if self.type == "bool":
            if not isinstance(value, bool):
                raise BadInput(f"{self.name} must be true or false, not {value!r}.")
            return value
        assert self.minimum is not None
        assert self.maximum is not None
        kind = "a whole number" if self.type == "int" else "a number"
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # Comparing first: NaN fails it, and so does a number too large to become a float.
        if not is_number or not self.minimum <= value <= self.maximum or (self.type == "int" and value % 1):
            raise BadInput(
                f"{self.name} must be {kind} from {self.minimum:g} to {self.maximum:g}, "
                f"not {str(value)[:40]}."
            )
        return int(value) if self.type == "int" else float(value)


def parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The parameters a strategy declares, in order, without the root it starts from."""
    hints = get_type_hints(function, include_extras=True)
    found = []
    for name, argument in list(inspect.signature(function).parameters.items())[1:]:
        hint = hints[name]
        assert get_origin(hint) is Annotated, f"{function.__name__}: {name} declares no range"
        type_, declared = get_args(hint)[:2]
        if isinstance(declared, Choice):
            found.append(
                Parameter(name, "choice", argument.default, None, None, declared.choices, declared.meaning)
            )
        elif type_ is bool:
            found.append(Parameter(name, "bool", argument.default, None, None, (), declared.meaning))
        else:
            low, high = declared.minimum, declared.maximum
            found.append(Parameter(name, type_.__name__, argument.default, low, high, (), declared.meaning))
    return tuple(found)


Temperature = Annotated[
    float, Param(0.0, 2.0, "How freely tokens are drawn: 0 always takes the likeliest, 1 follows the model.")
]
Scorer = Annotated[
    str,
    Choice(
        SCORERS,
        "What judges; auto takes the process reward where one fits, else the model itself.",
    ),
]
Aggregate = Annotated[str, Choice(AGGREGATIONS, "How the scores of a path's steps become one score.")]
Select = Annotated[
    str,
    Choice(RULES, "How the answer is chosen: best score, most summed score, or most candidates that agree."),
]
