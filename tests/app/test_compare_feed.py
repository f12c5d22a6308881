"""What the Compare page is answered: runs and batches, or one sentence."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app import batch_reply, compare_plan
from app.batch_driver import BatchDriver
from app.compare_feed import CompareFeed, choices
from app.service import Service
from engine.errors import BadInput
from tests.app.batch_plans import plan
from tests.app.test_batch_driver import until

LANES = [
    {"strategy": "best_of_n", "model": "scripted", "params": {"n": 3}},
    {"strategy": "direct", "model": "scripted", "params": {}},
]
SHARED = {"problem": "Compute 2 + 3.", "seed": 7, "unit": "tokens", "amount": 400, "lanes": LANES}


@pytest.fixture
def service(tmp_path: Path) -> Generator[Service]:
    service = Service(f"sqlite:///{tmp_path / 'compare.db'}")
    yield service
    service.close()


@pytest.fixture
def driver(service: Service) -> BatchDriver:
    driver = BatchDriver(service)
    service.before_close.append(driver.close)
    return driver


@pytest.fixture
def feed(service: Service, driver: BatchDriver) -> CompareFeed:
    return CompareFeed(service, driver)


def asked(feed: CompareFeed, action: str, **more: Any) -> dict[str, Any]:
    return json.loads(feed.ask({"action": action, **more}))


def test_lanes_share_problem_seed_and_budget(feed: CompareFeed, service: Service) -> None:
    runs = asked(feed, "start", **SHARED)["runs"]
    specs = [service.get(run).spec for run in runs]
    assert [spec.strategy for spec in specs] == ["best_of_n", "direct"]
    assert {(spec.problem, spec.seed, spec.budget.max_tokens) for spec in specs} == {
        ("Compute 2 + 3.", 7, 400)
    }
    until(lambda: all(service.get(run).is_over for run in runs), "both end")
    pulled = json.loads(feed.pull({"asks": [{"run": run, "cursor": 0} for run in runs]}))
    heads = [json.loads(reply)["run"] for reply in pulled["replies"]]
    assert [head["id"] for head in heads] == runs
    assert all(head["is_over"] for head in heads)
    assert asked(feed, "verdict", runs=runs)["headline"].startswith("On this problem")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"problem": " "}, "The problem is empty"),
        ({"lanes": []}, "one to 4 lanes"),
        ({"lanes": LANES * 3}, "one to 4 lanes"),
        ({"lanes": [{"strategy": "magic"}]}, "Lane 1 has no strategy"),
        ({"lanes": [LANES[0], {**LANES[0], "params": {"n": 0}}]}, "Lane 2: n must be"),
        ({"lanes": [LANES[0], {**LANES[1], "model": "no/such"}]}, "Lane 2: "),
        ({"amount": None}, "The budget needs a number"),
        ({"amount": -4}, "must be more than 0"),
        ({"amount": 1e308}, "The budget needs a number"),
        ({"unit": "sheep"}, "counted in tokens, seconds, GFLOPs, dollars"),
        ({"seed": 1.5}, "The seed must be a whole number"),
    ],
)
def test_bad_input_starts_nothing(
    feed: CompareFeed, service: Service, change: dict[str, Any], sentence: str
) -> None:
    assert sentence in asked(feed, "start", **SHARED | change)["error"]
    assert service.count() == 0


@pytest.mark.parametrize(
    ("unit", "field", "limit"),
    [
        ("tokens", "max_tokens", 12),
        ("seconds", "max_seconds", 12.4),
        ("GFLOPs", "max_flops", 12.4e9),
        ("dollars", "max_usd", 12.4),
    ],
)
def test_every_unit_is_a_budget(unit: str, field: str, limit: float) -> None:
    assert getattr(compare_plan.budget(unit, 12.4), field) == pytest.approx(limit)


def test_a_forecast_and_a_cost_come_before(feed: CompareFeed) -> None:
    lanes = asked(feed, "forecast", **SHARED | {"amount": 2000})["lanes"]
    assert "up to 3 chains" in lanes[0] and "up to 1 answer" in lanes[1]
    assert all(lane.startswith("About ") for lane in lanes)
    assert asked(feed, "forecast", **SHARED | {"problem": ""})["lanes"] == ["", ""]
    words = asked(
        feed, "batch_cost", **SHARED, family="arithmetic", difficulty=2, count=20, curve="three"
    )["words"]  # fmt: skip
    assert words.startswith("20 problems × 2 lanes × 3 budgets: 120 runs, about ")


def test_a_batch_from_start_to_export(feed: CompareFeed) -> None:
    wanted = {**SHARED, "family": "arithmetic", "difficulty": 2, "count": 20, "curve": "full"}
    id = asked(feed, "batch_start", **wanted)["id"]
    until(lambda: asked(feed, "batch", id=id)["state"] == "finished", "it ends")
    reply = asked(feed, "batch", id=id)
    assert (reply["done"], reply["cells"], reply["complete"]) == (40, 40, 20)
    assert reply["title"] == "20 Arithmetic problems of 2 operations"
    assert [lane["name"] for lane in reply["lanes"]] == ["Best of 3", "Direct answer"]
    assert json.loads(reply["figure"])["data"]
    assert not reply["verdict"]["is_refused"]
    assert "figure" not in asked(feed, "batch", id=id, stamp=reply["stamp"])  # the page has it
    assert "figure" in asked(feed, "batch", id=id, stamp=reply["stamp"], cost="usd")
    assert {name: reply["plan"][name] for name in wanted if name != "problem"} == {
        name: value for name, value in wanted.items() if name != "problem"
    }
    table = asked(feed, "problems", id=id)["problems"]
    assert len(table) == 20 and all(len(row["lanes"]) == 2 for row in table)
    rows = list(csv.DictReader(io.StringIO(asked(feed, "export", id=id)["csv"])))
    assert len(rows) == 40 and tuple(rows[0]) == batch_reply.COLUMNS
    assert {row["lane"] for row in rows} == {"Best of 3", "Direct answer"}
    assert asked(feed, "batches")["batches"][0]["id"] == id


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"count": 19}, "from 20 to 200"),
        ({"count": 201}, "from 20 to 200"),
        ({"curve": "none"}, "The curve is measured"),
        ({"family": "poems"}, "no task family"),
        ({"difficulty": 40}, "Arithmetic has 1 to 8 operations"),
        ({"lanes": [{**LANES[0], "params": {"n": 0}}]}, "n must be"),
    ],
)
def test_a_bad_batch_is_not_kept(feed: CompareFeed, change: dict[str, Any], sentence: str) -> None:
    wanted = {**SHARED, "family": "arithmetic", "difficulty": 2, "count": 20, "curve": "full"} | change
    assert sentence in asked(feed, "batch_start", **wanted)["error"]
    assert asked(feed, "batches") == {"batches": []}


def test_what_is_unknown_is_one_sentence(feed: CompareFeed) -> None:
    assert "unknown here" in json.loads(feed.ask({"action": "fly"}))["error"]
    assert "unknown here" in json.loads(feed.ask("batch"))["error"]
    assert "no batch 'none'" in asked(feed, "batch", id="none")["error"]
    assert "no run 'none'" in asked(feed, "verdict", runs=["none"])["error"]
    assert "error" in json.loads(feed.pull(None))
    [reply] = json.loads(feed.pull({"asks": [{"run": 5}]}))["replies"]
    assert "no run that can be shown" in json.loads(reply)["error"]


def test_no_cell_of_an_export_is_a_formula(driver: BatchDriver) -> None:
    id = driver.start(plan(1, problems=("Compute 1 + 1.",)))
    until(lambda: driver.progress(id).state == "finished", "it ends")
    found = driver.progress(id)

    odd = replace(found, outcomes=(replace(found.outcomes[0], answer="=1+1"),))
    [row] = csv.DictReader(io.StringIO(batch_reply.as_csv(odd)))
    assert row["answer"] == "'=1+1"


def test_the_menus_hold_every_strategy_and_unit() -> None:
    found = choices("scripted")
    assert {"mcts", "direct"} <= {one["name"] for one in found["strategies"]}
    assert list(found["units"]) == ["tokens", "seconds", "GFLOPs", "dollars"]
    assert json.dumps(found)
    with pytest.raises(BadInput, match="figure counts"):
        batch_reply.reply(None, "sheep", "")  # type: ignore[arg-type]
