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


def test_a_link_to_no_run_says_so(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{slow_site.address}/?run=01NOSUCHRUN&node=x&at=soon")
    alert = page.locator("[role=alert]").filter(has_text="no run")
    alert.first.wait_for()
    person.wait_ready(page)
