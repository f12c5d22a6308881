"""Every strategy by name, with its parameters, and the check of what a person set.

A strategy's function name is its registry key, its database value and its key on the page.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import BadInput
from engine.requests import Search
from engine.strategies.ab_mcts import ab_mcts
from engine.strategies.adaptive import adaptive
from engine.strategies.adaptive_consistency import adaptive_consistency
from engine.strategies.beam_search import beam_search
from engine.strategies.best_of_n import best_of_n
from engine.strategies.budget_forcing import budget_forcing
from engine.strategies.chain_of_thought import chain_of_thought
from engine.strategies.confident_voting import confident_voting
from engine.strategies.direct import direct
from engine.strategies.dvts import dvts
from engine.strategies.mcts import mcts
from engine.strategies.parameters import SCORERS, Parameter, parameters_of
from engine.strategies.particle_filter import particle_filter
from engine.strategies.repair import repair
from engine.strategies.self_consistency import self_consistency
from engine.strategies.self_refine import self_refine
from engine.strategies.tree_of_thoughts import tree_of_thoughts

__all__ = ["SCORERS", "STRATEGIES", "Parameter", "Strategy", "validate"]


@dataclass(frozen=True, slots=True)
class Strategy:
    """One strategy as the menus show it. `idea` and `source` are read from the function's docstring."""

    name: str
    title: str
    idea: str
    source: str
    parameters: tuple[Parameter, ...]
    function: Callable[..., Search]


def describe(function: Callable[..., Search], title: str) -> Strategy:
    """Read a strategy's description from its signature and docstring."""
    idea, _, rest = (inspect.getdoc(function) or "").partition("\n")
    source = re.search(r"Source: (.*)", " ".join(rest.split()))
    assert source, f"{function.__name__} names no source"
    return Strategy(function.__name__, title, idea, source[1], parameters_of(function), function)


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        describe(direct, "Direct answer"),
        describe(chain_of_thought, "Chain of thought"),
        describe(budget_forcing, "Budget forcing"),
        describe(self_consistency, "Self-consistency"),
        describe(adaptive_consistency, "Adaptive consistency"),
        describe(best_of_n, "Best of n"),
        describe(confident_voting, "Confident voting"),
        describe(beam_search, "Beam search"),
        describe(dvts, "Diverse verifier tree search"),
        describe(tree_of_thoughts, "Tree of thoughts"),
        describe(mcts, "Monte Carlo tree search"),
        describe(ab_mcts, "Adaptive branching tree search"),
        describe(particle_filter, "Particle filter"),
        describe(self_refine, "Self-refine"),
        describe(repair, "Repair"),
        describe(adaptive, "Adaptive"),
    )
}


def validate(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The given parameters, each checked and in its own type; what is not given keeps its default.

    Raises BadInput for an unknown strategy or parameter, or a value of the wrong type or out of range.
    """
    if name not in STRATEGIES:
        raise BadInput(f"There is no strategy “{name}”; there are {', '.join(STRATEGIES)}.")
    known = {parameter.name: parameter for parameter in STRATEGIES[name].parameters}
    checked = {}
    for key, value in params.items():
        if key not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise BadInput(f"{name} has no parameter “{key}”; {has}.")
        checked[key] = known[key].check(value)
    return checked
