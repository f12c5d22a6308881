"""What the System page says: complete, true to the code, and escaped."""

from __future__ import annotations

import math
import re

import pytest

from app import system_facts, system_view
from app.service import Service
from app.system_cards import CARDS
from app.system_snippets import SNIPPETS
from engine import cost
from engine.budget import Budget
from engine.errors import BadInput
from engine.models import catalogue
from engine.price_book import DEFAULT
from engine.strategies import STRATEGIES

STEP, STEPS, ANSWER = 14.0, 4.0, 7.0


@pytest.mark.parametrize("scorer", ["verifier", "process_reward"])
@pytest.mark.parametrize("name", STRATEGIES)
def test_every_cost_formula_is_what_the_forecast_computes(name: str, scorer: str) -> None:
    params = {parameter.name: parameter.default for parameter in STRATEGIES[name].parameters}
    if "scorer" in params:
        params["scorer"] = scorer
    reads = params.get("scorer") == "process_reward"
    formula = CARDS[name].formula.replace("×", "*").replace("÷", "/").replace("−", "-")
    known = {
        "chain": STEP * STEPS, "step": STEP, "steps": STEPS, "answer": ANSWER, "read": 2 if reads else 1,
        "min": min, "ceil": math.ceil,
    }  # fmt: skip
    expected = cost.predict(
        name, params, Budget(), tokens_per_step=STEP, steps_per_chain=STEPS, answer_tokens=ANSWER
    )
    assert math.ceil(eval(formula, {"__builtins__": {}}, known | params)) == expected.tokens


def test_every_strategy_has_a_card_and_no_card_is_left_over() -> None:
    assert CARDS.keys() == STRATEGIES.keys()
    page = system_view.template()
    for strategy in STRATEGIES.values():
        assert f'id="strategy-{strategy.name}"' in page
        assert all(f"<code>{parameter.name}</code>" in page for parameter in strategy.parameters)


def test_the_template_holds_nothing_that_the_browser_would_run() -> None:
    page = system_view.template()
    assert not re.search(r"[`$\\]|\{\{|<script", page)


def test_all_models_say_whether_they_can_be_used_and_why_not() -> None:
    rows = {row["name"]: row for row in system_facts.models()}
    assert list(rows) == [facts.name for facts in catalogue.models()]
    for row in rows.values():
        assert row["is_usable"] or row["why_not"].endswith(".")
    assert "free" in next(row["fit"] for row in rows.values() if row["source"] == "hub")


def test_a_price_is_shown_as_it_is_typed() -> None:
    service = Service(threaded=False, is_saving=False)
    system_facts.change_price(service, {"device": "cuda", "name": "usd_per_device_hour", "typed": "3.5"})
    system_facts.change_price(service, {"device": "cpu", "name": "usd_per_token", "typed": "0.125"})
    shown = system_facts.prices(service)
    assert shown["prices"]["cuda"]["usd_per_device_hour"] == "3.50"
    assert shown["prices"]["cpu"]["usd_per_token"] == "0.125"
    assert shown["prices"]["cpu"]["usd_per_prompt_token"] == "0.00"
    assert not shown["is_usual"]
    for wrong in ({"typed": "x"}, {"typed": 5}, {"device": "cpu", "name": "__class__", "typed": "1"}, {}):
        with pytest.raises(BadInput):
            system_facts.change_price(service, {"device": "cpu", "name": "usd_per_token"} | wrong)
    system_facts.change_price(service, {"action": "usual"})
    assert service.price_book == DEFAULT
    service.close()


@pytest.mark.parametrize("title", [title for title in SNIPPETS if "import" in SNIPPETS[title]])
def test_snippets_are_programs(title: str) -> None:
    compile(SNIPPETS[title], title, "exec")


def test_where_no_tiers_were_measured_there_is_a_sentence() -> None:
    found = system_facts.measured("scripted")
    assert found["rows"] == [] and "bench tiers" in found["why"] and found["why"].endswith(".")
