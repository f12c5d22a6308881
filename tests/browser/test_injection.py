"""What a model or a person says is shown as it is written, and never runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser import person
from tests.browser.odd_server import HOSTILE
from tests.browser.sites import Site


def test_markup_from_a_model_is_inert(hostile_site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page(hostile_site.address)
    person.wait_ready(page)
    person.type_problem(page, f"Say {HOSTILE[1]} and {HOSTILE[0]} {HOSTILE[2]}")
    person.press_run(page)
    person.wait_over(page)
    person.wait_until(page, lambda: person.node_count(page) > 3, "the tree is drawn")
    items = page.locator("[role=tree] [role=treeitem]")
    for index in range(min(items.count(), 12)):
        items.nth(index).evaluate("(item) => item.click()")
        page.wait_for_timeout(50)
    person.wait_until(
        page, lambda: "<" in page.locator("#run-view").inner_text(), "the markup is shown as text"
    )
    assert page.evaluate("window.pwned") is None
    assert (
        page.locator(
            "#run-view script, #run-view img[src=x], #run-view [onload], #run-view [onerror]"
        ).count()
        == 0
    )
    page.goto(f"{hostile_site.address}/history")
    page.locator("[data-run]").first.wait_for()
    assert page.locator("#history img, #history script").count() == 0
    assert page.evaluate("window.pwned") is None
