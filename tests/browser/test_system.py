"""The System page: what works here, models, prices that can be changed, cards, words, snippets."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from engine.models import catalogue
from engine.strategies import STRATEGIES
from tests.browser import person
from tests.browser.looks import OVERFLOWING, serious_violations
from tests.browser.sites import Site

HOUR = "Processor: dollars for an hour of the device"


def opened(site: Site, open_page: Callable[..., Any], anchor: str = "", **settings: Any) -> Any:
    page = open_page(f"{site.address}/system{anchor}", **settings)
    page.get_by_role("heading", name="System", exact=True).wait_for()
    page.get_by_test_id("checks").locator("li").first.wait_for(timeout=60_000)
    page.get_by_test_id("models").wait_for(timeout=60_000)
    return page


@pytest.fixture
def usual_prices(slow_site: Site, open_page: Callable[..., Any]) -> Generator[None]:
    """The site is shared: what a test changes, it takes back."""
    yield
    page = opened(slow_site, open_page)
    back = page.get_by_role("button", name="Back to the usual prices")
    if back.is_enabled():
        back.click()
        page.get_by_text("The usual prices hold again.").wait_for()


def price(page: Any) -> Any:
    field = page.get_by_role("textbox", name=HOUR)
    person.wait_until(page, lambda: field.input_value() != "", "the prices are there")
    return field


def test_it_says_what_is_here(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = opened(slow_site, open_page)
    parts = page.get_by_test_id("checks").locator("h3").all_inner_texts()
    assert {"Python", "Device", "Memory", "Programs", "History"} <= set(parts)
    rows = page.get_by_test_id("models").locator("tbody tr")
    assert rows.count() == len(catalogue.models())
    assert page.get_by_test_id("models").locator("[aria-label='can be used']").count() >= 1
    tiers = page.get_by_test_id("tiers").locator("tbody tr")
    assert "60%" in tiers.filter(has_text="Thorough").inner_text() and tiers.count() == 3
    assert page.get_by_test_id("cards").locator("details").count() == len(STRATEGIES)
    snippet = page.locator(".sy-snippet code").first.inner_text()
    assert f'Client("{slow_site.address}/")' in snippet


def test_what_was_measured_opens_with_its_figures_and_runs(
    slow_site: Site, open_page: Callable[..., Any]
) -> None:
    page = opened(slow_site, open_page, "#measured-searching")
    card = page.locator("#measured-searching")
    card.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert card.evaluate("card => card.open")
    assert card.locator(".sy-numbers tbody tr").count() > 5
    assert serious_violations(page) == []
    page.locator("#measured-reasoning summary").click()
    page.locator("#measured-reasoning .js-plotly-plot").first.wait_for()
    assert page.url.endswith("#measured-reasoning")
    link = card.locator(".sy-runs a").first
    problem = link.inner_text()
    link.click()
    page.wait_for_url("**/?run=*")
    person.wait_ready(page)
    page.locator("#run-view").get_by_text("Recorded", exact=True).wait_for()
    person.wait_until(page, lambda: person.node_count(page) > 1, "its tree")
    assert person.problem_text(page) == problem


@pytest.mark.usefixtures("usual_prices")
def test_a_price_is_saved_where_it_is_changed(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = opened(slow_site, open_page)
    field = price(page)
    assert field.input_value() == "0.10"
    field.fill("36")
    field.press("Tab")
    page.get_by_text("Saved: runs that begin from now on are counted in it.").wait_for()
    assert field.input_value() == "36.00"
    page.reload()
    assert price(page).input_value() == "36.00"


def test_a_bad_price_is_one_sentence_beside_it_and_nothing_changes(
    slow_site: Site, open_page: Callable[..., Any]
) -> None:
    page = opened(slow_site, open_page)
    field = price(page)
    for typed in ("cheap", "-1", "", "1,5"):
        field.fill(typed)
        field.press("Tab")
        wrong = page.locator("#wrong-cpu-usd_per_device_hour")
        person.wait_until(page, lambda wrong=wrong: wrong.is_visible(), "the sentence")
        assert wrong.inner_text().startswith("The price ") and wrong.inner_text().endswith(".")
        assert field.input_value() == typed
        assert field.get_attribute("aria-describedby") == "wrong-cpu-usd_per_device_hour"
        field.fill("0.10")
        field.press("Tab")
        wrong.wait_for(state="hidden")
    page.reload()
    assert price(page).input_value() == "0.10"


def test_its_contents_lead_to_its_own_sections(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = opened(slow_site, open_page)
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="Glossary").click()
    page.wait_for_url("**/system#glossary")
    section = page.locator("#glossary")
    person.wait_until(page, lambda: 0 <= section.bounding_box()["y"] < 120, "the section is at the top")


def test_a_visitor_from_elsewhere_reads_prices_only(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = opened(slow_site, open_page, extra_http_headers={"X-Forwarded-For": "10.0.0.9"})
    assert price(page).is_disabled()
    page.get_by_text("changed on the machine that Ponder runs on").wait_for()


def test_the_keyboard_opens_a_card_and_its_address_opens_it_again(
    slow_site: Site, open_page: Callable[..., Any]
) -> None:
    page = opened(slow_site, open_page)
    card = page.locator("#strategy-mcts")
    card.locator("summary").focus()
    page.keyboard.press("Enter")
    person.wait_until(page, lambda: page.url.endswith("/system#strategy-mcts"), "the address names the card")
    assert "rollouts × chain" in card.inner_text() and "When it fails".upper() in card.inner_text().upper()
    again = opened(slow_site, open_page, "#strategy-mcts")
    person.wait_until(
        again, lambda: again.locator("#strategy-mcts").get_attribute("open") is not None, "open"
    )
    assert again.locator("#strategy-mcts summary").evaluate("(one) => one === document.activeElement")


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (390, "dark"), (1024, "dark"), (1440, "light")])
def test_it_can_be_read_at_every_size(
    slow_site: Site,
    open_page: Callable[..., Any],
    keep_picture: Callable[..., None],
    width: int,
    theme: str,
) -> None:
    page = opened(
        slow_site, open_page, viewport={"width": width, "height": 900}, color_scheme=theme
    )  # fmt: skip
    assert page.evaluate(OVERFLOWING) == []
    keep_picture(page, f"system-{width}-{theme}")
    page.locator("#measured-voting").wait_for()
    cards = page.locator("[data-testid=cards] .sy-card, #measured-voting")  # of all figures, one
    cards.evaluate_all("(cards) => cards.forEach((card) => { card.open = true; })")
    page.locator("#measured-voting .main-svg").first.wait_for()
    assert page.evaluate(OVERFLOWING) == []
    if (width, theme) in ((390, "dark"), (1440, "light")):
        assert serious_violations(page) == []
