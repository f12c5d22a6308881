"""One figure on a page: drawn, changed in place, told about clicks, in the page's colours."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from tests.browser import person
from tests.browser.sites import Site, serving


@pytest.fixture(scope="module")
def plotly_site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    folder = tmp_path_factory.mktemp("plotly") / "data"
    with serving(["-m", "tests.browser.plotly_page"], folder) as site:
        yield site


def points(page: Any) -> int:
    return page.locator("#figure .point").count()


def test_a_figure_changes_in_place(plotly_site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page(plotly_site.address, color_scheme="dark")
    page.get_by_role("img", name="3 squares").wait_for()
    person.wait_until(page, lambda: points(page) == 3, "the first figure")
    ink = page.evaluate("getComputedStyle(document.body).getPropertyValue('--ink').trim()")
    title = page.locator("#figure .xtitle")
    assert title.text_content() == "n"
    colour = page.evaluate("document.querySelector('#figure .pv-plot').layout.font.color")
    assert colour == ink  # of the dark theme
    page.evaluate("document.querySelector('#figure .pv-plot').kept = true")
    page.evaluate(
        "window.Plotly.relayout(document.querySelector('#figure .pv-plot'), {'xaxis.range': [0, 9]})"
    )
    for count in (4, 5):
        page.get_by_role("button", name="More").click()
        person.wait_until(page, lambda count=count: points(page) == count, f"{count} points")
    assert page.evaluate("document.querySelector('#figure .pv-plot').kept") is True
    assert page.evaluate("document.querySelector('#figure .pv-plot').layout.xaxis.range") == [0, 9]

    box = page.locator("#figure .point").nth(2).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    field = page.locator("#clicked textarea, #clicked input").first
    person.wait_until(page, lambda: field.input_value() == "squares 2 4", "the click reaches Python")

    page.get_by_role("button", name="None").click()
    person.wait_until(page, lambda: points(page) == 0, "the empty place")
