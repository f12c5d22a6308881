"""Controls for a strategy's parameters, made from the registry.

Knows how a parameter becomes a control and a control's value a parameter. Does not know any strategy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from app import scorers
from app.typed_slider import TypedSlider
from engine.strategies import STRATEGIES, Parameter

Control = gr.Slider | gr.Number | gr.Checkbox | gr.Dropdown

MAX_STOPS = 200  # a slider with more places than this is a number field


@dataclass(frozen=True, slots=True)
class Knobs:
    """The controls of every strategy; only the chosen strategy's group is visible."""

    groups: dict[str, gr.Group]
    controls: dict[tuple[str, str], Control]  # by strategy and parameter

    def all(self) -> list[Control]:
        """Every control, in a fixed order, as the inputs of a handler."""
        return list(self.controls.values())

    def params(self, strategy: str, values: Sequence[Any]) -> dict[str, Any]:
        """The chosen strategy's parameters from the values of `all()`; empty fields keep their default."""
        chosen = zip(self.controls, values, strict=True)
        return {name: value for (owner, name), value in chosen if owner == strategy and value is not None}

    def settings(self, strategy: str, params: Mapping[str, Any]) -> list[Any]:
        """Updates for `all()` that show `params` of one strategy and leave the others alone."""
        return [
            params[name] if owner == strategy and name in params else gr.skip()
            for owner, name in self.controls
        ]

    def visibility(self, strategy: str) -> list[Any]:
        """Updates for the groups, in order."""
        return [gr.update(visible=name == strategy) for name in self.groups]


def build(chosen: str) -> Knobs:
    """Lay out the controls of every strategy, `chosen`'s visible."""
    groups: dict[str, gr.Group] = {}
    controls: dict[tuple[str, str], Control] = {}
    for strategy in STRATEGIES.values():
        with gr.Group(visible=strategy.name == chosen, elem_classes="pd-knobs") as group:
            if not strategy.parameters:
                gr.HTML('<p class="pd-hint">This strategy has no settings.</p>', apply_default_css=False)
            for parameter in strategy.parameters:
                controls[strategy.name, parameter.name] = control(parameter)
        groups[strategy.name] = group
    return Knobs(groups, controls)


def control(parameter: Parameter) -> Control:
    """One parameter as a control with its meaning beside it."""
    shared: dict[str, Any] = {
        "label": parameter.name.replace("_", " "),
        "info": parameter.meaning,
        "value": parameter.default,
    }
    if parameter.type == "choice":
        say = scorers.menu_title if parameter.name == "scorer" else _words
        titled = [(say(word), word) for word in parameter.choices]
        return gr.Dropdown(choices=titled, filterable=False, **shared)
    if parameter.type == "bool":
        return gr.Checkbox(**shared)
    low, high = parameter.minimum or 0, parameter.maximum or 0
    step = 1 if parameter.type == "int" else 0.05
    if (high - low) / step > MAX_STOPS:
        return gr.Number(precision=0 if parameter.type == "int" else None, **shared)
    return TypedSlider(low, high, step=step, buttons=[], **shared)


def _words(name: str) -> str:
    return name.replace("_", " ")
