"""What the page gets when it pulls a run: whole, in parts, recorded, or one sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Generator
from typing import Any

import pytest

from app import run_feed, scripts
from app.run_view import run_view
from app.service import Service
from engine.runs import Run, RunSpec
from storage.json_text import to_json


@pytest.fixture
def service() -> Generator[Service]:
    service = Service(threaded=False, is_saving=False)
    yield service
    service.close()


def new_run(service: Service) -> Run:
    return service.submit(RunSpec("Use 4 5 6 10 to make 24.", "scripted", "best_of_n", {"n": 6}))


def finished(service: Service) -> Run:
    run = new_run(service)
    while service.step():
        pass
    return run


def pulled(service: Service, run: str, cursor: int = 0) -> dict[str, Any]:
    return json.loads(run_feed.feed(service, run, cursor))


def test_parts_together_are_the_whole(service: Service) -> None:
    """Pulled in the course of the run, events and candidates add up to what one pull at the end gives."""
    run = new_run(service)
    events, candidates, cursor = [], {}, 0
    while True:
        is_working = service.step()
        reply = pulled(service, run.id, cursor)
        events += reply["events"]
        candidates |= {candidate["node"]: candidate for candidate in reply["run"]["candidates"]}
        cursor = reply["next"]
        assert reply["run"]["is_over"] is run.is_over
        if not is_working:
            break
    whole = pulled(service, run.id)
    assert events == whole["events"]
    assert [candidates[node] for node in sorted(candidates)] == whole["run"]["candidates"]
    assert len(candidates) == 6


def test_a_long_log_comes_in_several_replies(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished(service)
    monkeypatch.setattr(run_feed, "MAX_EVENTS", 50)
    first = pulled(service, run.id)
    assert first["next"] == 50 and first["run"]["is_over"] is False
    cursor = 50
    while not (reply := pulled(service, run.id, cursor))["run"]["is_over"]:
        cursor = reply["next"]
    assert reply["next"] == len(run.tree.events)


def test_every_candidate_is_judged(service: Service) -> None:
    head = pulled(service, finished(service).id)["run"]
    right = [candidate for candidate in head["candidates"] if candidate["is_correct"]]
    assert right and all(isinstance(candidate["score"], float) for candidate in head["candidates"])
    assert head["strategy_title"] and head["scorer_title"]


def test_no_run_is_one_sentence(service: Service) -> None:
    assert pulled(service, "01NOSUCHRUN")["error"].endswith(".")


def test_infinity_reaches_no_browser() -> None:
    """An unvisited node explores without limit; JSON has no word for that."""
    text = to_json({"exploration": math.inf, "sum": -math.inf, "q": math.nan, "n": 1})
    assert json.loads(text) == {"exploration": None, "sum": None, "q": None, "n": 1}


def test_numbers_and_characters_that_the_fast_writer_does_not_know_are_told() -> None:
    told = to_json({"tests": [[30], 2**88], "nan": [math.nan, math.inf], "half": "\ud800"})
    assert json.loads(told) == {"tests": [[30], 2**88], "nan": [None, None], "half": "\ud800"}


def test_the_recorded_run_can_be_shown(service: Service) -> None:
    reply = pulled(service, run_feed.RECORDED)
    head = reply["run"]
    assert head["is_over"] and head["is_correct"] and head["environment"] == {}
    assert 40 <= sum(event["kind"] == "added" for event in reply["events"]) <= 90
    assert [event["seq"] for event in reply["events"]] == list(range(reply["next"]))


@pytest.mark.parametrize(
    "asked", [None, [], "x", {}, {"run": 7}, {"run": "x" * 999}, {"run": "x", "cursor": "soon"}]
)
def test_what_is_no_pull_is_one_sentence(asked: Any) -> None:
    component = run_view(*[lambda _: pytest.fail("it must not be asked")] * 3)
    assert json.loads(component.pull(asked))["error"].endswith(".")  # type: ignore[attr-defined]
    if not asked or asked == "x" or asked.get("cursor") != "soon":
        assert json.loads(component.choose_again(asked))["error"].endswith(".")  # type: ignore[attr-defined]
        assert json.loads(component.save_as(asked))["error"].endswith(".")  # type: ignore[attr-defined]


def test_a_pull_reaches_the_feed() -> None:
    component = run_view(json.dumps, json.dumps, json.dumps)
    asked = {"run": "01ABC", "cursor": 12, "more": "is dropped"}
    assert json.loads(component.pull(asked)) == {"run": "01ABC", "cursor": 12}  # type: ignore[attr-defined]


def test_every_script_is_there_once_and_in_order() -> None:
    """A script uses what those before it have defined."""
    assert len(set(scripts.RUN)) == len(scripts.RUN)
    assert scripts.RUN[0] == "elements.js" and scripts.RUN[-1] == "run_view.js"
    on_disk = {path.name for path in scripts.STATIC.glob("*.js")}
    lists = [value for value in vars(scripts).values() if isinstance(value, tuple)]
    assert on_disk == {name for names in lists for name in names if not name.startswith("vendor/")}
