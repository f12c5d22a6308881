"""The Compare page as a person uses it: lanes at once, opened again, a batch with a pause, bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import person
from tests.browser.looks import OVERFLOWING, serious_violations
from tests.browser.sites import Site

Open = Callable[..., Any]
PROBLEM = "Use 3 5 7 9 to make 24."


@pytest.fixture(scope="module")
def kept() -> dict[str, str]:
    """Addresses that one test makes and the next ones open."""
    return {}


def lane(page: Any, number: int) -> Any:
    return page.get_by_role("region", name=f"Lane {number}", exact=True)


def ready(site: Site, open_page: Open, path: str = "/compare", **settings: Any) -> Any:
    page = open_page(site.address + path, **settings)
    lane(page, 1).wait_for()
    return page


def choose(page: Any, number: int, strategy: str) -> None:
    lane(page, number).get_by_label(f"Strategy of lane {number}").select_option(strategy)


def set_field(page: Any, number: int, name: str, value: str) -> None:
    one = lane(page, number)
    if one.locator("details[open]").count() == 0:
        one.locator("summary").click()
    one.get_by_label(name, exact=True).fill(value)


def two_lanes(page: Any, first: str, second: str) -> None:
    while page.locator(".cp-lane").count() > 2:
        page.get_by_role("button", name="Remove lane 3").click()
    choose(page, 1, first)
    choose(page, 2, second)


def nodes(page: Any, number: int) -> int:
    return lane(page, number).locator("[role=treeitem]").count()


def verdict(page: Any) -> str:
    return page.get_by_role("region", name="Verdict").inner_text()


def run_all(page: Any) -> None:
    page.get_by_role("button", name="Run all").click()


def is_going(page: Any) -> bool:
    return page.get_by_role("button", name="Stop all").is_visible()


def wait_done(page: Any) -> None:
    page.get_by_role("button", name="Stop all").wait_for(
        state="hidden", timeout=person.PATIENCE_SECONDS * 1000
    )
    person.wait_until(page, lambda: "One problem says little" in verdict(page), "the verdict")


def test_two_lanes_run_at_once_under_one_budget(
    slow_site: Site, open_page: Open, keep_picture: Callable[..., None], kept: dict[str, str]
) -> None:
    page = ready(slow_site, open_page)
    assert page.locator(".cp-lane").count() == 3
    assert "Run all lanes" in verdict(page)
    two_lanes(page, "best_of_n", "best_of_n")
    set_field(page, 1, "n", "3")
    set_field(page, 2, "temperature", "0.5")
    assert lane(page, 1).locator("summary").inner_text().endswith("Settings: n 3 · T 0.8")
    assert lane(page, 2).locator("summary").inner_text().endswith("Settings: n 16 · T 0.5")
    page.get_by_label("Problem", exact=True).fill(PROBLEM)
    page.get_by_label("matched:").fill("400")
    run_all(page)
    person.wait_until(
        page,
        lambda: is_going(page) and min(nodes(page, 1), nodes(page, 2)) > 1,
        "both trees grow at once",
    )
    seconds = lane(page, 1).locator(".cp-bar dd").nth(1)
    person.wait_until(
        page, lambda: is_going(page) and float(seconds.inner_text()) > 0, "its seconds are counted"
    )
    assert "when every lane is done" in verdict(page)
    wait_done(page)
    keep_picture(page, "compare-two-lanes")
    for number in (1, 2):
        one = lane(page, number)
        tokens = int(one.locator(".cp-bar dd").first.inner_text().replace(",", ""))
        assert 0 < tokens <= 400
        assert one.get_by_role("img", name="right").or_(one.get_by_role("img", name="wrong")).count() == 1
    assert "share the device" in verdict(page)
    runs = page.url.split("runs=")[1].split(",")
    assert len(runs) == 2
    kept["runs"] = f"/compare?runs={','.join(runs)}"
    kept["answers"] = "|".join(lane(page, number).locator(".cp-answer").inner_text() for number in (1, 2))

    set_field(page, 1, "n", "4")
    lane(page, 1).get_by_text("settings changed").wait_for()


def test_runs_of_history_open_side_by_side(slow_site: Site, open_page: Open, kept: dict[str, str]) -> None:
    page = ready(slow_site, open_page, kept["runs"])
    wait_done(page)
    assert page.locator(".cp-lane").count() == 2
    assert page.get_by_label("Problem", exact=True).input_value() == PROBLEM
    assert page.get_by_label("matched:").input_value() == "400"
    assert lane(page, 1).locator("summary").inner_text().endswith("n 3 · T 0.8")
    found = "|".join(lane(page, number).locator(".cp-answer").inner_text() for number in (1, 2))
    assert found == kept["answers"]
    href = lane(page, 2).get_by_role("link", name="Open this run").get_attribute("href")
    assert href == f".?run={kept['runs'].split(',')[1]}"
    page.get_by_role("button", name="+ lane").click()  # what was opened stays beside a new lane
    person.wait_until(
        page, lambda: page.locator(".cp-lane").count() == 3 and nodes(page, 1) > 1, "a third lane"
    )


def test_a_run_is_taken_along_from_its_page(slow_site: Site, open_page: Open, kept: dict[str, str]) -> None:
    run = kept["runs"].split("=")[1].split(",")[0]
    page = open_page(f"{slow_site.address}/?run={run}")
    person.wait_ready(page)
    page.get_by_role("link", name="Compare with other strategies").click()
    page.wait_for_url(f"**/compare?runs={run}")
    person.wait_until(page, lambda: nodes(page, 1) > 1, "its tree")
    assert page.locator(".cp-lane").count() == 1
    assert page.get_by_label("Problem", exact=True).input_value() == PROBLEM


def test_a_batch_with_a_pause(
    slow_site: Site, open_page: Open, keep_picture: Callable[..., None], kept: dict[str, str]
) -> None:
    page = ready(slow_site, open_page)
    two_lanes(page, "chain_of_thought", "direct")
    page.get_by_label("problems", exact=True).fill("5")
    page.get_by_role("button", name="Run batch").click()
    page.get_by_text("must be a whole number from 20 to 200", exact=False).last.wait_for()
    page.get_by_label("problems", exact=True).fill("60")
    page.get_by_label("curve").select_option("three")
    page.get_by_text("60 problems × 2 lanes × 3 budgets: 360 runs", exact=False).wait_for()
    page.get_by_label("curve").select_option("full")
    page.get_by_role("button", name="Run batch").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_text("No verdict while it runs", exact=False).wait_for()
    person.wait_until(page, lambda: done(page) >= 2, "some runs are done")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").wait_for()
    person.wait_until(page, lambda: "under way" not in progress(page), "the last runs end")
    few = done(page)
    assert few < 120 and "Paused." in progress(page)
    page.get_by_text("No verdict:", exact=False).wait_for()

    again = ready(slow_site, open_page, page.url.removeprefix(slow_site.address))  # the tab was closed
    page.close()
    again.get_by_role("button", name="Resume").wait_for()
    assert done(again) == few
    assert lane(again, 2).get_by_label("Strategy of lane 2").input_value() == "direct"
    again.get_by_role("button", name="Resume").click()
    person.wait_until(again, lambda: done(again) == 120, "all runs")
    again.get_by_role("button", name="New batch").wait_for()
    assert "60 of 60 problems" in progress(again)
    again.locator(".cp-figure .main-svg").first.wait_for()
    headline = again.locator(".cp-batch-headline").inner_text()
    assert "beats" in headline or "Within noise" in headline
    assert again.locator(".cp-table").first.locator("tbody tr").count() == 2
    keep_picture(again, "compare-batch")
    kept["batch"] = again.url.removeprefix(slow_site.address)

    again.get_by_role("button", name="Open any run").click()
    links = again.locator(".cp-runs a")
    person.wait_until(again, lambda: links.count() == 60, "the problems")
    with again.expect_download() as saved:
        again.get_by_role("button", name="Export as CSV").click()
    assert len(saved.value.path().read_text().splitlines()) == 121
    problem = links.first.inner_text()
    links.first.click()
    again.wait_for_url("**/compare?runs=*")
    person.wait_until(
        again,
        lambda: again.get_by_label("Problem", exact=True).input_value() == problem,
        "one problem's runs",
    )


def progress(page: Any) -> str:
    return page.locator("[data-part=progress]").inner_text()


def done(page: Any) -> int:
    """Runs that are done, as the page says."""
    words = progress(page)
    return int(words.split(" · ")[1].split(" of ")[0]) if " · " in words else 0


def test_bad_input_is_one_sentence_and_stays(slow_site: Site, open_page: Open) -> None:
    page = ready(slow_site, open_page)
    problem = page.get_by_label("Problem", exact=True)
    problem.fill("   ")
    run_all(page)
    page.get_by_role("alert").get_by_text("The problem is empty", exact=False).wait_for()
    problem.fill(PROBLEM)
    set_field(page, 2, "n", "0")
    run_all(page)
    wrong = lane(page, 2).get_by_role("alert")
    wrong.get_by_text("Lane 2: ", exact=False).wait_for()
    assert lane(page, 2).get_by_label("n", exact=True).input_value() == "0"
    lane(page, 2).get_by_label("n", exact=True).focus()
    page.keyboard.type("e")  # 0e is no number yet
    wrong.wait_for(state="hidden")
    run_all(page)
    wrong.get_by_text("Lane 2: n must be a number.").wait_for()
    set_field(page, 2, "n", "2")
    page.get_by_label("matched:").fill("")
    page.get_by_role("alert").get_by_text("The budget needs a number", exact=False).wait_for()
    run_all(page)
    page.wait_for_timeout(500)
    assert page.get_by_text("The budget needs a number", exact=False).count() == 1
    assert "runs=" not in page.url
    page.get_by_label("matched:").fill("400")
    page.get_by_role("alert").get_by_text("The budget needs a number", exact=False).wait_for(state="hidden")
    page.goto(f"{slow_site.address}/compare?runs=nothing,nowhere&batch=none")
    page.get_by_text("There is no run 'nothing'", exact=False).wait_for()
    page.get_by_text("There is no batch 'none'", exact=False).wait_for()
    page.get_by_text("Run all lanes on this problem", exact=False).wait_for()
    assert page.get_by_role("heading", name="Solved against cost").count() == 0


def test_the_keyboard_does_it_all(slow_site: Site, open_page: Open) -> None:
    page = ready(slow_site, open_page)
    two_lanes(page, "chain_of_thought", "direct")
    page.get_by_label("Problem", exact=True).focus()
    reached: set[str] = set()
    wanted = {"tokens", "Strategy of lane 1", "Reasoning tree of lane 2", "Run batch", "+ lane", "Run all"}
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """() => { const at = document.activeElement;
                return at.getAttribute('aria-label') || at.value || at.textContent.trim(); }"""
            )
        )
        if wanted <= reached:
            break
    assert wanted <= reached
    page.keyboard.press("Control+Enter")
    person.wait_until(page, lambda: "runs=" in page.url, "it runs")
    wait_done(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_can_be_read(
    slow_site: Site, open_page: Open, keep_picture: Callable[..., None], kept: dict[str, str], theme: str
) -> None:
    path = f"{kept['runs']}&{kept['batch'].partition('?')[2]}"
    page = ready(slow_site, open_page, path, color_scheme=theme)
    wait_done(page)
    page.locator(".cp-figure .main-svg").first.wait_for()
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(400)  # the figure and the trees follow
        keep_picture(page, f"compare-{width}-{theme}")
        assert page.evaluate(OVERFLOWING) == []
    assert serious_violations(page) == []
    ground = page.evaluate("getComputedStyle(document.querySelector('.cp-lane')).backgroundColor")
    brightness = sum(int(part) for part in ground.removeprefix("rgb(").rstrip(")").split(",")[:3])
    assert (brightness < 200) is (theme == "dark")
