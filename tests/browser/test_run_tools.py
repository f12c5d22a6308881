"""What is done with a run: fork it, choose again, hold it against its forecast, take its settings back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import person
from tests.browser.looks import OVERFLOWING, serious_violations
from tests.browser.sites import Site

DROP = """([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    const send = (kind) => window.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
    send('dragenter');
    const isCovered = Boolean(document.querySelector('.pd-drop:not([hidden])'));
    send('drop');
    return isCovered;
}"""  # noqa: E501


def part(page: Any, name: str) -> Any:
    return page.locator(f"[data-part={name}]")


def select(page: Any, wanted: str) -> dict[str, Any]:
    """Select the first node of which the JavaScript condition on `node` holds; the node."""
    node = page.evaluate(f"ponder.runView.log.now.nodes.find((node) => {wanted})")
    page.evaluate("(id) => ponder.runView.select(id)", node["id"])
    return node


def record(page: Any) -> dict[str, Any]:
    return page.evaluate("ponder.runLinks.recordOf(ponder.runView.head, ponder.runView.log.now)")


@pytest.fixture(scope="module")
def searched(slow_site: Site, browser: Any) -> str:
    """The address of a finished tree search."""
    return person.finished_run(browser, slow_site.address)


# ---- forks


def test_a_fork_goes_on_from_a_node_with_another_strategy(
    searched: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(searched)
    person.wait_ready(page)
    source = record(page)
    node = select(page, "node.kind === 'step' && !node.is_final && node.parent > 0")
    part(page, "fork").click()
    bar = page.locator(".pd-fork")
    bar.wait_for()
    assert "Fork" in bar.inner_text()
    person.wait_until(page, lambda: "fork" in page.locator("#run").inner_text().lower(), "the button says so")
    person.choose_strategy(page, "Self-consistency")
    person.set_amount(page, 300)
    run = person.press_run(page)
    person.wait_over(page)
    forked = record(page)
    assert forked["origin"] == {"run": source["id"], "node": node["id"], "steps": None}
    assert (forked["strategy"], forked["problem"]) == ("self_consistency", source["problem"])
    copied = [one["text"] for one in forked["nodes"] if one["forced"]]
    path, at = [], node["id"]
    while at:
        path.insert(0, source["nodes"][at]["text"])
        at = source["nodes"][at]["parent"]
    assert copied == path
    grown = sum(one["tokens"] for one in forked["nodes"])
    assert 0 < forked["usage"]["generated_tokens"] == grown <= 300
    assert bar.is_hidden()
    assert "fork" not in page.locator("#run").inner_text().lower()
    part(page, "origin").click()
    page.wait_for_url(f"**/*run={source['id']}*node={node['id']}*")
    assert run != source["id"]


def test_a_chain_is_forked_after_one_of_its_lines(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page(slow_site.address)
    person.wait_ready(page)
    person.choose_strategy(page, "Chain of thought")
    person.press_run(page)
    person.wait_over(page)
    chain = select(page, "node.is_final")
    assert part(page, "fork-step").locator("option").count() == chain["text"].count("\n")
    part(page, "fork-step").select_option("1")
    part(page, "fork").click()
    page.locator(".pd-fork").wait_for()
    person.press_run(page)
    person.wait_over(page)
    first = chain["text"].splitlines(keepends=True)[0]
    assert record(page)["nodes"][1]["text"] == first
    assert record(page)["nodes"][2]["parent"] == 1


def test_a_fork_can_be_given_up_and_another_problem_gives_it_up(
    searched: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(searched)
    person.wait_ready(page)
    select(page, "node.kind === 'step' && !node.is_final")
    bar = page.locator(".pd-fork")
    part(page, "fork").click()
    bar.get_by_role("button", name="Do not fork").click()
    bar.wait_for(state="hidden")
    part(page, "fork").click()
    bar.wait_for()
    page.locator("#new-problem").click()
    bar.wait_for(state="hidden")


# ---- choosing again, and the forecast


def test_another_rule_chooses_at_no_cost(searched: str, open_page: Callable[..., Any]) -> None:
    page = open_page(searched)
    person.wait_ready(page)
    before = record(page)
    form = part(page, "reselect")
    form.wait_for()
    for rule in ("weighted", "majority", "best"):
        part(page, "reselect-rule").select_option(rule)
        assert part(page, "reselect-scorer").is_visible() == (rule != "majority")
        form.get_by_role("button", name="Choose").click()
        words = {"weighted": "summed score", "majority": "gave this answer", "best": "the best of"}[rule]
        part(page, "reselected").filter(has_text=words).wait_for()
    part(page, "reselected").get_by_role("button", name="Show it").click()
    shown = page.evaluate("ponder.runView.log.now.nodes[ponder.runView.selected]")
    assert shown["is_final"]
    assert record(page) == before


def test_what_was_foretold_stands_beside_what_it_took(searched: str, open_page: Callable[..., Any]) -> None:
    page = open_page(searched)
    person.wait_ready(page)
    found = record(page)
    assert found["forecast"]["tokens"] > 0
    spent = sum(found["usage"][name] for name in ("generated_tokens", "discarded_tokens", "scorer_tokens"))
    words = part(page, "forecast").inner_text()
    assert f"about {found['forecast']['tokens']:,}" in words and f"{spent:,}" in words
    person.wait_until(page, lambda: "About" in page.locator("#buys").inner_text(), "the forecast of the next")


# ---- settings from a file


@pytest.mark.parametrize("name", ["json", "html"])
def test_a_dropped_file_restores_its_settings(
    searched: str, slow_site: Site, open_page: Callable[..., Any], name: str
) -> None:
    page = open_page(searched)
    person.wait_ready(page)
    button = {"json": "Export the record (JSON)", "html": "Export a replay as one HTML file"}[name]
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    text = Path(download.value.path()).read_text()
    other = open_page(slow_site.address)
    person.wait_ready(other)
    person.type_problem(other, "Compute 1 + 1.")
    person.choose_strategy(other, "Repair")
    person.set_amount(other, 50)
    assert other.evaluate(DROP, [f"run.{name}", text]) is True
    problem = json.loads(page.evaluate("JSON.stringify(ponder.runView.head.problem)"))
    person.wait_until(other, lambda: person.problem_text(other) == problem, "its problem")
    person.wait_until(
        other,
        lambda: other.locator("#strategy input").input_value() == "Monte Carlo tree search",
        "its strategy",
    )
    person.wait_until(
        other, lambda: other.locator("#amount input[type=number]").input_value() == "2000", "its budget"
    )


def test_a_file_that_is_no_run_gets_one_sentence(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page(slow_site.address)
    person.wait_ready(page)
    person.type_problem(page, "Compute 1 + 1.")
    page.evaluate(DROP, ["list.json", "milk, eggs"])
    alert = page.locator("#restore [role=alert]")
    alert.filter(has_text="list.json").wait_for()
    assert alert.inner_text().endswith(".") and person.problem_text(page) == "Compute 1 + 1."


# ---- forced text, programs


def test_forced_text_is_told_apart_from_the_first_moment(
    slow_site: Site, open_page: Callable[..., Any]
) -> None:
    page = open_page(slow_site.address)
    person.wait_ready(page)
    person.choose_strategy(page, "Budget forcing")
    person.press_run(page)
    person.wait_over(page)
    node = select(page, "node.forced.includes('Wait')")
    born = page.evaluate(
        "(id) => ponder.runView.log.events.findIndex((e) => e.kind === 'added' && e.node === id)", node["id"]
    )
    page.evaluate("(index) => ponder.runView.moveTo(index + 1)", born)
    forced = part(page, "node-text").locator(".rv-forced")
    forced.wait_for()
    assert "Wait" in forced.inner_text()
    assert page.evaluate("ponder.runView.scene().moment.nodes.at(-1).pieces.length") == 0


def test_programs_can_be_asked_for(slow_site: Site, open_page: Callable[..., Any]) -> None:
    page = open_page(slow_site.address)
    person.wait_ready(page)
    page.locator("#family").get_by_text("Program").click()
    person.wait_until(page, lambda: person.problem_text(page).startswith("Find the program."), "a puzzle")
    person.choose_strategy(page, "Chain of thought")
    person.press_run(page)
    person.wait_over(page)
    assert record(page)["task"] == "programs"


@pytest.mark.skipif(sys.platform != "linux", reason="programs are confined on Linux only")
def test_tests_of_ones_own_decide_on_a_program(slow_site: Site, open_page: Callable[..., Any]) -> None:
    """A general model is asked; the scripted one writes no program, which the tests find out."""
    page = open_page(slow_site.address)
    person.wait_ready(page)
    person.type_problem(page, "Write a function add(a, b) that returns the sum.")
    tests = page.locator("#tests textarea")
    tests.fill("assert add(1, 2) ==")
    person.choose_strategy(page, "Direct answer")
    page.locator("#run").click()
    alert = page.locator("#problems [role=alert]")
    alert.filter(has_text="The tests are not Python").wait_for()
    assert tests.input_value() == "assert add(1, 2) =="
    tests.fill("[[[1, 2], 3], [[-1, 5], 4]]")
    person.press_run(page)
    person.wait_over(page)
    found = record(page)
    assert (found["task"], found["tests"], found["is_correct"]) == (
        "code",
        [[[1, 2], 3], [[-1, 5], 4]],
        False,
    )


# ---- without a mouse, narrow, dark


def test_a_fork_by_keyboard_alone_narrow_and_dark(searched: str, open_page: Callable[..., Any]) -> None:
    page = open_page(searched, viewport={"width": 390, "height": 844}, color_scheme="dark")
    person.wait_ready(page)
    page.get_by_role("treeitem").first.focus()
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    part(page, "fork").focus()
    page.keyboard.press("Enter")
    bar = page.locator(".pd-fork")
    bar.wait_for()
    assert page.evaluate("document.activeElement.classList.contains('pd-fork')")
    part(page, "reselect").get_by_role("button", name="Choose").focus()
    page.keyboard.press("Enter")
    part(page, "reselected").get_by_role("button", name="Show it").wait_for()
    assert page.evaluate(OVERFLOWING) == []
    assert serious_violations(page) == []
    page.locator("#run").focus()
    before = person.run_in_address(page)
    page.keyboard.press("Enter")
    person.wait_until(page, lambda: person.run_in_address(page) not in ("", before), "the fork runs")
