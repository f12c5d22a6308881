"""A mistake gives one clear sentence beside the controls; what was typed stays, and the page goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import person
from tests.browser.sites import Site


@pytest.mark.parametrize("text", ["", "   "], ids=["empty", "blank"])
def test_no_problem_is_one_sentence(slow_site: Site, open_page: Callable[..., Any], text: str) -> None:
    is_one_sentence(open_page(slow_site.address), text)


@pytest.mark.parametrize(
    "text",
    ["Use 4 5 6 to make.", "Use 0 0 0 0 0 0 0 0 0 0 0 0 0 to make 24."],
    ids=["no target", "too many numbers"],
)
def test_what_the_bundled_model_cannot_read_is_one_sentence(
    real_site: Site, open_page: Callable[..., Any], text: str
) -> None:
    """The scripted model reads any text; the bundled one its families only."""
    is_one_sentence(open_page(real_site.address), text)


def is_one_sentence(page: Any, text: str) -> None:
    """Running `text` gives one clear sentence, keeps what was typed, and a good problem runs after it."""
    person.wait_ready(page)
    person.type_problem(page, text)
    page.locator("#run").click()
    alert = page.locator("#problems [role=alert]")
    alert.wait_for()
    sentence = alert.inner_text().strip()
    assert sentence.endswith(".") and "Traceback" not in sentence and "Error" not in sentence
    assert person.problem_text(page) == text
    assert person.run_in_address(page) == ""
    person.type_problem(page, "Use 4 5 6 10 to make 24.")
    person.press_run(page)
    alert.wait_for(state="detached")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("-5", "The budget in tokens must be more than 0, not -5."),
        ("2.5", "The budget in tokens must be a whole number, not 2.5."),
        ("", "The budget is empty: type how many tokens a run may take."),
        ("20000", "About "),  # past the slider's end, and a budget like any other
    ],
)
def test_a_typed_budget_stays_and_is_spoken_of(
    slow_site: Site, open_page: Callable[..., Any], typed: str, says: str
) -> None:
    page = open_page(slow_site.address)
    person.wait_ready(page)
    spoken, field = page.locator("#buys"), page.locator("#amount input[type=number]")
    spoken.get_by_text("About ").wait_for()
    type_slowly(field, typed)
    person.wait_until(page, lambda: spoken.inner_text().startswith(says), says)
    assert field.input_value() == typed
    if not says.startswith("About "):
        page.locator("#run").click()
        page.locator("#problems [role=alert]").get_by_text(says).wait_for()
        assert person.run_in_address(page) == ""


def test_a_typed_parameter_stays_and_its_range_is_said(
    slow_site: Site, open_page: Callable[..., Any]
) -> None:
    page = open_page(slow_site.address)
    person.wait_ready(page)
    person.choose_strategy(page, "Best of n")
    page.get_by_role("button", name="Advanced").click()
    field = page.get_by_label("number input for temperature", exact=True).filter(visible=True)
    type_slowly(field, "25")
    page.locator("#buys").get_by_text("temperature must be a number from 0 to").wait_for()
    assert field.input_value() == "25"


def type_slowly(field: Any, text: str) -> None:
    """Key by key, so that every half-typed number is seen by the page, and then to the next control."""
    field.click()
    field.press("Control+a")
    field.press("Delete")
    field.press_sequentially(text, delay=100)
    field.press("Tab")


def test_a_link_to_no_run_says_so(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{slow_site.address}/?run=01NOSUCHRUN&node=x&at=soon")
    alert = page.locator("[role=alert]").filter(has_text="no run")
    alert.first.wait_for()
    person.wait_ready(page)
