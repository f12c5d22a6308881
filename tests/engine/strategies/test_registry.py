"""The registry: every strategy describes itself, and checks what a person sets."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.errors import BadInput
from engine.strategies import STRATEGIES, validate

EVERY_PARAMETER = [(name, knob) for name, strategy in STRATEGIES.items() for knob in strategy.parameters]


def test_every_strategy_of_the_field_is_there() -> None:
    assert list(STRATEGIES) == [
        "direct",
        "chain_of_thought",
        "budget_forcing",
        "self_consistency",
        "adaptive_consistency",
        "best_of_n",
        "confident_voting",
        "beam_search",
        "dvts",
        "tree_of_thoughts",
        "mcts",
        "ab_mcts",
        "particle_filter",
        "self_refine",
        "repair",
        "adaptive",
    ]


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_says_what_it_does_and_where_it_comes_from(name: str) -> None:
    strategy = STRATEGIES[name]
    assert strategy.function.__name__ == strategy.name == name
    assert strategy.title
    assert strategy.idea.endswith(".")
    assert "arXiv" in strategy.source


@pytest.mark.parametrize(("name", "knob"), EVERY_PARAMETER, ids=[f"{n}-{k.name}" for n, k in EVERY_PARAMETER])
def test_a_parameter_has_a_type_a_range_a_default_and_a_meaning(name: str, knob) -> None:
    assert knob.meaning.endswith(".")
    assert validate(name, {knob.name: knob.default}) == {knob.name: knob.default}
    if knob.type == "choice":
        assert knob.default in knob.choices
        beyond = ["nonsense", 3]
    else:
        assert knob.minimum <= knob.default <= knob.maximum
        beyond = [knob.minimum - 1, knob.maximum + 1, float("nan"), float("inf"), 10**400, "3", None, True]
        beyond += [knob.minimum + 0.5] if knob.type == "int" else []
    for value in beyond:
        with pytest.raises(BadInput, match=knob.name):
            validate(name, {knob.name: value})


def test_whole_numbers_come_back_as_such() -> None:
    assert validate("best_of_n", {"n": 8.0, "temperature": 1}) == {"n": 8, "temperature": 1.0}
    assert isinstance(validate("best_of_n", {"n": 8.0})["n"], int)


def test_strategies_never_import_torch() -> None:
    code = "import sys, engine.strategies; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
