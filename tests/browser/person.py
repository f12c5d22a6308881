"""What a person does on the page, by what the page shows and says, not by how it is built."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlparse

PATIENCE_SECONDS = 90.0  # two busy cores


def wait_until(page: Any, is_so: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Look every 30 ms until `is_so` gives something true, and return that; fail saying what never came."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := is_so():
            return found
        page.wait_for_timeout(30)
    raise AssertionError(f"{what}: not within {seconds:g} s.")


def wait_ready(page: Any) -> None:
    """The controls are there and the run view has drawn something."""
    page.get_by_role("button", name="Run", exact=False).first.wait_for()
    wait_until(page, lambda: node_count(page) > 0, "the recorded or linked run is drawn")


def problem_text(page: Any) -> str:
    return page.locator("#problem textarea").input_value()


def type_problem(page: Any, text: str) -> None:
    page.locator("#problem textarea").fill(text)


def choose_strategy(page: Any, title: str) -> None:
    page.locator("#strategy input").click()
    page.get_by_role("option", name=title, exact=True).click()


def set_amount(page: Any, amount: float) -> None:
    field = page.locator("#amount input[type=number]")
    field.fill(str(amount))
    field.press("Tab")


def press_run(page: Any) -> str:
    """Press Run and return the id of the run that the page then shows."""
    before = run_in_address(page)
    page.locator("#run").click()
    return wait_until(
        page, lambda: (now := run_in_address(page)) and now != before and now, "the new run is in the address"
    )


def run_in_address(page: Any) -> str:
    return parse_qs(urlparse(page.url).query).get("run", [""])[0]


def node_count(page: Any) -> int:
    """Nodes in the list that stands beside the canvas."""
    return page.locator("[role=tree] [role=treeitem]").count()


def is_live(page: Any) -> bool:
    return page.evaluate("document.documentElement.dataset.live === 'yes'")


def wait_over(page: Any) -> None:
    wait_until(page, lambda: not is_live(page), "the run ends")


def finished_run(browser: Any, address: str) -> str:
    """The address of a run that the page's first settings made."""
    page = browser.new_page()
    page.goto(address)
    wait_ready(page)
    run = press_run(page)
    wait_over(page)
    page.close()
    return f"{address}/?run={run}"
