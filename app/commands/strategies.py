"""`python app.py strategies`: every strategy, its idea and its knobs."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict
from typing import Any

from engine.strategies import STRATEGIES, Parameter, Strategy


def run(arguments: Namespace) -> int:
    """Print the registry, as JSON or to be read."""
    if arguments.json:
        print(json.dumps([describe(strategy) for strategy in STRATEGIES.values()], indent=2))
        return 0
    from rich.console import Console

    console = Console(highlight=False)
    for strategy in STRATEGIES.values():
        console.print(f"[bold]{strategy.name}[/]  {strategy.title}", soft_wrap=True)
        console.print(f"  {strategy.idea}", markup=False, soft_wrap=True)
        for parameter in strategy.parameters:
            knob = f"    --set {parameter.name}={_word(parameter.default)}   {_range(parameter)}: "
            console.print(knob + parameter.meaning, markup=False, soft_wrap=True)
        console.print(f"  Source: {strategy.source}\n", markup=False, style="dim", soft_wrap=True)
    return 0


def describe(strategy: Strategy) -> dict[str, Any]:
    """One strategy as plain JSON values."""
    return {
        "name": strategy.name,
        "title": strategy.title,
        "idea": strategy.idea,
        "parameters": [asdict(parameter) for parameter in strategy.parameters],
        "source": strategy.source,
    }


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _range(parameter: Parameter) -> str:
    match parameter.type:
        case "bool":
            return "true or false"
        case "choice":
            return " | ".join(parameter.choices)
        case _:
            return f"{parameter.minimum:g} to {parameter.maximum:g}"
