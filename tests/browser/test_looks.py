"""Every size and both themes: nothing overflows, all can be read, the keyboard reaches what it must."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import person
from tests.browser.looks import OVERFLOWING, serious_violations
from tests.browser.sites import Site

PAGES = {"run": "/", "history": "/history"}


@pytest.fixture(params=PAGES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def settled(page: Any, name: str) -> None:
    if name == "run":
        person.wait_ready(page)
    else:
        page.get_by_test_id("count").wait_for(state="attached")
        page.get_by_role("heading", name="History").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1024, 1440, 1920])
def test_nothing_overflows(
    slow_site: Site,
    open_page: Callable[..., Any],
    keep_picture: Callable[..., None],
    name: str,
    width: int,
    theme: str,
) -> None:
    height = 844 if width == 390 else 900
    page = open_page(
        slow_site.address + PAGES[name], viewport={"width": width, "height": height}, color_scheme=theme
    )
    settled(page, name)
    page.wait_for_timeout(300)  # the last tween
    keep_picture(page, f"{name}-{width}-{theme}")
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_violation(
    slow_site: Site, open_page: Callable[..., Any], name: str, theme: str
) -> None:
    page = open_page(slow_site.address + PAGES[name], color_scheme=theme)
    settled(page, name)
    assert serious_violations(page) == []


def test_the_setup_scrolls_beneath_header_and_run_button(
    slow_site: Site, open_page: Callable[..., Any]
) -> None:
    """At every step of the way down, what is at their place is theirs."""
    page = open_page(slow_site.address)
    person.wait_ready(page)
    page.get_by_role("button", name="Advanced").click()
    page.locator("#seed, #expected, #model").last.wait_for()
    foreign = page.evaluate(
        """async () => {
          const found = [];
          const owner = (selector, x, y) => document.elementFromPoint(x, y)?.closest(selector);
          for (let top = 0; top <= document.documentElement.scrollHeight; top += 20) {
            window.scrollTo(0, top);
            await new Promise(requestAnimationFrame);
            for (const selector of ['#header', '#run']) {
              const box = document.querySelector(selector).getBoundingClientRect();
              for (let x = box.left + 6; x < Math.min(box.right, 300); x += 12) {
                for (let y = box.top + 6; y < box.bottom - 6; y += 10) {
                  if (y < innerHeight && !owner(selector, x, y)) found.push([selector, top, x, y]);
                }
              }
            }
          }
          return found;
        }"""
    )
    assert foreign == []


def test_a_chosen_theme_is_there_from_the_first_frame(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page(slow_site.address, color_scheme="light")
    person.wait_ready(page)
    page.get_by_role("button", name="Switch between light and dark").click()
    page.add_init_script(
        """window.seen = [];
        const look = () => {
            if (document.body) seen.push([
                document.body.classList.contains('dark'), getComputedStyle(document.body).backgroundColor,
            ]);
            requestAnimationFrame(look);
        };
        requestAnimationFrame(look);"""
    )
    page.goto(f"{slow_site.address}/history")
    page.get_by_role("button", name="Switch between light and dark").wait_for()
    frames = page.evaluate("seen")
    assert len(frames) > 5
    assert {is_dark for is_dark, _ in frames} == {True}
    assert "rgb(255, 255, 255)" not in {colour for _, colour in frames}


def test_the_dark_theme_is_dark(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page(slow_site.address, color_scheme="dark")
    person.wait_ready(page)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in ground.removeprefix("rgb(").rstrip(")").split(",")[:3]) < 120
    page.get_by_role("button", name="Switch between light and dark").click()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in ground.removeprefix("rgb(").rstrip(")").split(",")[:3]) > 600


def test_the_keyboard_reaches_run_and_the_tree(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page(slow_site.address)
    person.wait_ready(page)
    reached = set()
    page.locator("#problem textarea").focus()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """() => { const at = document.activeElement;
                return at.closest('#run') ? 'run' :
                    at.closest('[role=tree]') || at.tagName === 'CANVAS' ? 'tree' : at.tagName; }"""
            )
        )
        if {"run", "tree"} <= reached:
            break
    assert {"run", "tree"} <= reached
