"""The Learn page as a teacher uses it: by keyboard, for a class, on a phone, with motion and without."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from app.learn import record, recordings
from tests.browser.looks import OVERFLOWING, serious_violations
from tests.browser.person import wait_until
from tests.browser.sites import Site, serving

SIX = ["reasoning", "sampling", "voting", "verifying", "searching", "losing"]
PROBLEMS = "2"
PARTS = ["predict", "play", "change"]


@pytest.fixture(scope="module")
def learn_site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """A scripted model, and lessons recorded from it."""
    folder = tmp_path_factory.mktemp("learn")
    recorded = folder / "recordings"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, "FOLDER", recorded)  # and back again
        assert record.main(["--model", "scripted", "--problems", PROBLEMS, "--into", str(recorded)]) == 0
    with serving(["-m", "tests.browser.learn_server", str(recorded)], folder / "data") as site:
        yield site


@pytest.fixture
def open_lesson(learn_site: Site, open_page: Callable[..., Any]) -> Callable[..., Any]:
    """open_lesson(query, **context settings) -> the page, once the lesson is there."""

    def open_one(query: str, **settings: Any) -> Any:
        page = open_page(f"{learn_site.address}/learn?{query}", **settings)
        page.get_by_role("heading", level=1).wait_for()
        return page

    return open_one


def part(page: Any) -> str:
    return page.locator("[data-step]:visible").get_attribute("data-step")


def press(page: Any, key: str, then: Callable[[], Any], what: str) -> None:
    page.keyboard.press(key)
    wait_until(page, then, what, seconds=30)


def lanes(page: Any) -> Any:
    return page.locator(".ln-lane:visible")


def is_done(page: Any) -> bool:
    """Every lane shows the end of its run."""
    return lanes(page).count() > 0 and page.locator(".ln-lane:visible:not([data-over=true])").count() == 0


def test_every_lesson_is_done_by_keyboard_alone(open_lesson: Callable[..., Any]) -> None:
    page = open_lesson(f"lesson={SIX[0]}")
    for place, name in enumerate(SIX):
        wait_until(page, lambda: f"lesson={name}" in page.url, f"the lesson {name}")  # noqa: B023
        page.get_by_text(f"Lesson {place + 1} of 6").wait_for()
        assert part(page) == "predict"
        assert (
            page.locator("[data-part=problem]").inner_text()
            and page.locator("[data-part=question]").inner_text()
        )
        choice = page.locator("[data-part=options] button").nth(1)
        said = choice.locator("span").inner_text()

        press(page, "2", lambda: part(page) == "play", "the play")
        page.get_by_role("heading", name="How it came out").wait_for()
        assert lanes(page).filter(has_text="Recorded").count() == lanes(page).count() > 0
        assert "you said" in (verdict := page.locator("[data-part=verdict]").inner_text())
        assert said in verdict or "as you said" in verdict
        page.locator(".ln-chart .main-svg").first.wait_for()

        page.keyboard.press("ArrowRight")  # to how it came out
        press(page, "ArrowRight", lambda: part(page) == "change", "the last part")
        page.keyboard.press("1")
        wait_until(
            page, lambda: is_done(page) and page.locator("[data-part=tally]").is_visible(), "a live run"
        )
        assert lanes(page).filter(has_text="Live, done").count() >= 1
        assert page.get_by_role("heading", name="Remember").is_visible()
        page.keyboard.press("ArrowRight")
    wait_until(page, lambda: f"lesson={SIX[0]}" in page.url, "the first lesson again")
    assert page.locator(".ln-done:visible").count() == 6


def test_the_knob_changes_the_run_beside_the_recorded_one(open_lesson: Callable[..., Any]) -> None:
    page = open_lesson("lesson=sampling&part=change")
    recorded = lanes(page).first
    assert "Recorded" in recorded.inner_text() and "Temperature 0.8" in recorded.inner_text()
    page.get_by_role("button", name="Temperature 0", exact=True).click()
    wait_until(page, lambda: lanes(page).count() == 2 and is_done(page), "the live run beside it")
    live = lanes(page).nth(1).inner_text()
    assert "Temperature 0" in live and "16 answers" in live
    problem = page.locator("[data-part=live-problem]").inner_text()
    page.keyboard.press("n")  # another problem: both settings live, on the same new problem
    wait_until(
        page, lambda: page.locator("[data-part=live-problem]").inner_text() != problem, "another problem"
    )
    wait_until(page, lambda: lanes(page).count() == 2 and is_done(page), "both live runs")
    assert lanes(page).filter(has_text="Live, done").count() == 2
    wait_until(page, lambda: "of 2 right" in page.locator("[data-part=tally]").inner_text(), "the tally")


def test_a_projected_lesson_has_large_type_and_nothing_else(open_lesson: Callable[..., Any]) -> None:
    page = open_lesson("lesson=voting&part=play", viewport={"width": 1920, "height": 1080})
    heading = page.get_by_role("heading", level=1)
    before = heading.bounding_box()["height"]
    page.keyboard.press("p")
    assert heading.bounding_box()["height"] > 1.5 * before
    assert not page.locator(".pd-header").is_visible()
    assert page.evaluate(OVERFLOWING) == []
    again = open_lesson(
        page.url.split("?")[1], viewport={"width": 1920, "height": 1080}
    )  # its link restores it
    assert again.get_by_role("heading", level=1).bounding_box()["height"] > 1.5 * before
    page.keyboard.press("PageDown")  # a presenter's remote
    press(page, "PageDown", lambda: part(page) == "change", "the last part")
    page.keyboard.press("Escape")
    assert heading.bounding_box()["height"] == before
    assert "projector" not in page.url


def test_keys_can_be_switched_off(open_lesson: Callable[..., Any]) -> None:
    page = open_lesson("lesson=voting")
    page.get_by_role("button", name="Keys").click()
    for key in ("1", "ArrowRight", "p"):
        page.keyboard.press(key)
    assert part(page) == "predict" and page.locator(".pd-header").is_visible()
    page.get_by_role("button", name="Keys").click()
    press(page, "1", lambda: part(page) == "play", "keys act again")


def test_a_recorded_run_plays_in_time(open_lesson: Callable[..., Any]) -> None:
    page = open_lesson("lesson=searching", reduced_motion="no-preference")
    page.get_by_role("button", name="Tree search").click()
    page.get_by_role("button", name="Skip to the end").wait_for()
    assert not page.get_by_role("heading", name="How it came out").is_visible()
    page.get_by_role("button", name="Play again").wait_for()
    assert page.get_by_role("heading", name="How it came out").is_visible() and is_done(page)


def test_an_unknown_lesson_leads_to_the_first(open_lesson: Callable[..., Any]) -> None:
    page = open_lesson("lesson=astrology")
    assert "There is no lesson “astrology”" in page.get_by_role("alert").first.inner_text()
    page.get_by_role("heading", name="Reasoning").wait_for()


def test_a_node_of_the_tree_takes_the_keys_it_needs(open_lesson: Callable[..., Any]) -> None:
    page = open_lesson("lesson=searching&part=play")
    page.locator("[role=tree]:visible").first.focus()
    for key in ("ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    assert part(page) == "play" and "lesson=searching" in page.url


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_part_fits_and_can_be_read(
    open_lesson: Callable[..., Any], keep_picture: Callable[..., None], theme: str
) -> None:
    page = open_lesson("lesson=verifying", color_scheme=theme)
    for name in PARTS:
        page.locator(f"[data-go={name}]").click()
        if name == "change":
            page.keyboard.press("2")
            wait_until(page, lambda: lanes(page).count() == 2 and is_done(page), "a live run")
        for width, height in ((1440, 900), (1024, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(150)  # the chart and the trees follow
            assert page.evaluate(OVERFLOWING) == []
            keep_picture(page, f"learn-{name}-{width}-{theme}")
        assert serious_violations(page) == []
        page.set_viewport_size({"width": 1440, "height": 900})


def test_the_server_refuses_what_is_no_question(open_lesson: Callable[..., Any]) -> None:
    """A lesson of a strange name, a choice that is none, a run that is none: one sentence each."""
    page = open_lesson("lesson=voting&part=change")
    page.evaluate(
        "window.ponder.learnPage.live.lesson = { ...window.ponder.learnPage.live.lesson, name: '../etc' }"
    )
    page.keyboard.press("1")
    alert = page.locator("[data-part=live-alert]")
    alert.wait_for()
    assert "There is no such lesson" in alert.inner_text()
