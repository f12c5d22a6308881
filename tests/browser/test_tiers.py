"""Fast, Balanced, Thorough: one click sets strategy, knobs and budget; what it takes here is said before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser import person
from tests.browser.sites import Site


def strategy(page: Any) -> str:
    return page.locator("#strategy input").input_value()


def amount(page: Any) -> str:
    return page.locator("#amount input[type=number]").input_value()


def chosen(page: Any) -> str:
    return page.locator("#tier label.selected").inner_text().strip()


def choose(page: Any, tier: str) -> None:
    page.locator("#tier").get_by_label(tier, exact=True).check(force=True)


def test_a_tier_sets_strategy_knobs_and_budget_and_a_change_by_hand_makes_it_custom(
    slow_site: Site, open_page: Callable[..., Any]
) -> None:
    page = open_page(slow_site.address)
    person.wait_ready(page)
    table = page.locator("#tiers table")
    table.wait_for()
    rows = table.locator("tbody th").all_inner_texts()
    assert rows == ["Fast", "Balanced", "Thorough"]
    assert "60%" in table.inner_text() and "Best of n, ≤ 1,000 tokens" in table.inner_text()

    choose(page, "Thorough")
    person.wait_until(page, lambda: strategy(page) == "Best of n", "the tier's strategy")
    person.wait_until(page, lambda: amount(page) == "1000", "the tier's budget")
    run = person.press_run(page)
    assert run and chosen(page) == "Thorough"
    person.wait_over(page)

    page.reload()
    person.wait_ready(page)
    person.wait_until(
        page,
        lambda: "dollars: from" in page.locator("#tiers").inner_text(),
        "what a run took here is known",
    )
    assert page.locator("#tiers tbody").inner_text().count(" s") >= 6  # p50 and p95 of three tiers
    assert page.locator("#tiers tbody").inner_text().count("$") == 3

    choose(page, "Fast")
    person.wait_until(page, lambda: strategy(page) == "Chain of thought", "the tier's strategy")
    assert chosen(page) == "Fast"
    person.choose_strategy(page, "Beam search")
    person.wait_until(page, lambda: chosen(page) == "Custom", "it is custom now")
