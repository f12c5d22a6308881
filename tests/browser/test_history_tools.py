"""What is done with saved runs: marks, selections, files out and in, all by hand or by keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.exchange import FORMATS, reading
from tests.browser import person
from tests.browser.looks import OVERFLOWING, serious_violations
from tests.browser.sites import Site


@pytest.fixture(scope="module")
def runs(hostile_site: Site, browser: Any) -> list[str]:
    """Three saved runs of a model that says markup."""
    page = browser.new_page()
    page.goto(hostile_site.address)
    person.wait_ready(page)
    person.set_amount(page, 200)
    found = []
    for _ in range(3):
        found.append(person.press_run(page))
        person.wait_over(page)
    page.close()
    return found


@pytest.fixture
def page(hostile_site: Site, runs: list[str], open_page: Callable[..., Any]) -> Any:
    page = open_page(f"{hostile_site.address}/history")
    row(page, runs[0]).wait_for()
    return page


def row(page: Any, run: str) -> Any:
    return page.locator(f'[data-run="{run}"]')


def choose(page: Any, *runs: str) -> None:
    for run in runs:
        row(page, run).get_by_role("checkbox").check()


def test_star_tags_and_note_are_kept_and_found(page: Any, runs: list[str]) -> None:
    row(page, runs[0]).get_by_role("button", name="Star").click()
    person.wait_until(
        page,
        lambda: row(page, runs[0]).locator(".hs-star").get_attribute("aria-pressed") == "true",
        "starred",
    )
    row(page, runs[0]).get_by_role("button", name="Tags and note").click()
    form = row(page, runs[0]).locator("form")
    form.get_by_label("Tags, parted by commas").fill(f"class 3, {'x' * 41}")
    form.get_by_label("Note").fill("<b>Look</b> at node 7")
    form.get_by_role("button", name="Save").click()
    form.locator("[role=alert]").filter(has_text="40 characters").wait_for()
    assert form.get_by_label("Note").input_value() == "<b>Look</b> at node 7"
    form.get_by_label("Tags, parted by commas").fill("class 3, hard")
    form.get_by_role("button", name="Save").click()
    row(page, runs[0]).get_by_text("<b>Look</b> at node 7").wait_for()
    page.reload()
    row(page, runs[0]).get_by_role("button", name="class 3").click()
    person.wait_until(page, lambda: page.locator("[data-run]").count() == 1, "only that tag's")
    page.get_by_label("Tag", exact=True).select_option("")
    page.get_by_test_id("search").fill("node 7")
    person.wait_until(page, lambda: page.locator("[data-run]").count() == 1, "only what has the note")
    page.get_by_test_id("search").fill("")
    person.wait_until(page, lambda: page.locator("[data-run]").count() >= 3, "all")
    page.get_by_label("Starred only").check()
    person.wait_until(page, lambda: page.locator("[data-run]").count() == 1, "only the starred")


def test_filters_offer_what_is_there_and_are_kept_in_the_address(page: Any) -> None:
    assert page.get_by_label("Model", exact=True).locator("option").count() == 2
    page.get_by_label("Model", exact=True).select_option(index=1)
    page.get_by_label("Right or wrong").select_option("right")
    page.get_by_test_id("search").fill("no such problem")
    person.wait_until(page, lambda: "search=no+such+problem" in page.url, "the address names the search")
    page.reload()
    page.get_by_text("No run matches").wait_for()
    assert page.get_by_label("Right or wrong").input_value() == "right"
    assert page.get_by_label("Model", exact=True).input_value()
    assert page.get_by_test_id("search").input_value() == "no such problem"


def test_chosen_runs_are_compared(page: Any, runs: list[str]) -> None:
    choose(page, runs[0])
    compare = page.get_by_role("toolbar", name="Selected runs").locator(".hs-compare")
    assert compare.get_attribute("aria-disabled") == "true" and compare.get_attribute("href") is None
    choose(page, runs[2])
    assert compare.get_attribute("href") == f"compare?runs={runs[0]},{runs[2]}"
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("toolbar", name="Selected runs").wait_for(state="hidden")


def test_several_are_deleted_and_brought_back(page: Any, runs: list[str]) -> None:
    choose(page, runs[0], runs[1])
    page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    row(page, runs[1]).wait_for(state="detached")
    assert row(page, runs[2]).is_visible()
    page.get_by_role("button", name="Undo").click()
    for run in runs:
        row(page, run).wait_for()


def test_every_format_goes_out_and_comes_in(
    page: Any, runs: list[str], slow_site: Site, open_page: Callable[..., Any]
) -> None:
    """From one Ponder into another, where the run is not known yet."""
    choose(page, runs[1])
    files = {}
    for name in FORMATS:
        page.get_by_label("Format").select_option(name)
        with page.expect_download() as download:
            page.get_by_role("button", name="Export", exact=True).click()
        files[name] = Path(download.value.path()).read_bytes()
        assert download.value.suggested_filename == f"ponder-{runs[1]}{FORMATS[name].suffix}"
        assert [run.id for run in reading.read(files[name])] == [runs[1]]
    other = open_page(f"{slow_site.address}/history")
    other.get_by_test_id("count").filter(has_text="run").wait_for()  # before that the page hears no file
    take = other.get_by_test_id("import")
    said = other.locator(".hs-said")
    take.set_input_files({"name": "one.html", "mimeType": "text/html", "buffer": files["html"]})
    said.filter(has_text="1 run imported from one.html.").wait_for()
    row(other, runs[1]).wait_for()
    take.set_input_files({"name": "one.csv", "mimeType": "text/csv", "buffer": files["csv"]})
    said.filter(has_text="0 runs imported from one.csv; 1 known already.").wait_for()
    take.set_input_files({"name": "list.txt", "mimeType": "text/plain", "buffer": b"milk"})
    other.get_by_role("alert").filter(has_text="list.txt: This is no file that Ponder exports").wait_for()
    row(other, runs[1]).get_by_role("link").click()
    other.wait_for_url(f"**/*run={runs[1]}*")
    person.wait_ready(other)
    assert other.evaluate("window.pwned") is None
    nodes = json.loads(files["json"])["nodes"]
    person.wait_until(
        other, lambda: other.evaluate("ponder.runView.log.now.nodes.length") == len(nodes), "its tree"
    )


def test_a_replay_opens_from_disk_and_asks_no_network(
    page: Any, runs: list[str], browser: Any, tmp_path: Path
) -> None:
    choose(page, runs[2])
    page.get_by_label("Format").select_option("html")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    file = tmp_path / "replay.html"
    download.value.save_as(file)
    trouble: list[str] = []
    context = browser.new_context(reduced_motion="reduce", offline=True, color_scheme="dark")
    alone = context.new_page()
    alone.on(
        "request",
        lambda asked: asked.url.startswith(("file:", "data:", "blob:")) or trouble.append(asked.url),
    )
    alone.on("pageerror", lambda error: trouble.append(str(error)))
    alone.on("console", lambda said: said.type == "error" and trouble.append(said.text))
    alone.goto(file.as_uri())
    person.wait_until(alone, lambda: person.node_count(alone) > 1, "the tree")
    assert alone.evaluate("window.pwned") is None
    slider = alone.get_by_role("slider", name="Moment of the run")
    slider.focus()
    alone.keyboard.press("Home")
    person.wait_until(alone, lambda: person.node_count(alone) == 1, "the question alone")
    alone.keyboard.press("End")
    alone.get_by_role("treeitem").nth(1).evaluate("(item) => item.click()")
    assert alone.locator("[data-part=node-text]").inner_text()
    assert alone.locator("[data-part=fork]").is_hidden()
    assert serious_violations(alone) == []
    context.close()
    assert trouble == []


@pytest.mark.parametrize("width", [390, 1440])
def test_selection_and_editor_fit_are_reached_by_keys_and_pass_axe(
    hostile_site: Site, runs: list[str], open_page: Callable[..., Any], width: int
) -> None:
    page = open_page(
        f"{hostile_site.address}/history", viewport={"width": width, "height": 844}, color_scheme="dark"
    )
    row(page, runs[0]).wait_for()
    page.get_by_test_id("search").focus()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.type || document.activeElement.className")
        if name == "checkbox" and page.evaluate("Boolean(document.activeElement.closest('[data-run]'))"):
            page.keyboard.press("Space")
        if page.evaluate("document.activeElement.classList.contains('hs-quiet')"):
            page.keyboard.press("Enter")
            page.locator(".hs-editor").wait_for()
            reached.add("editor")
            break
    assert reached == {"editor"}
    page.get_by_role("toolbar", name="Selected runs").wait_for()
    assert page.evaluate("document.activeElement.name") == "tags"
    assert page.evaluate(OVERFLOWING) == []
    assert serious_violations(page) == []
    page.keyboard.press("Escape")
    page.locator(".hs-editor").wait_for(state="detached")
