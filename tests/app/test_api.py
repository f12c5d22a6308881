"""The four named endpoints, called as a script calls them, and some clients at once."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from app import client_load
from engine.strategies import STRATEGIES
from tests.browser.sites import Site, serving

PUZZLE = "Use 4 5 6 10 to make 24."
COMMON = {"model": "scripted", "seed": 3}
PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """A server whose scripted model takes 30 ms a token."""
    folder = tmp_path_factory.mktemp("api") / "data"
    with serving(["-m", "tests.browser.odd_server", "slow"], folder) as site:
        yield site


@pytest.fixture(scope="module")
def client(site: Site) -> Any:
    return Client(site.address, verbose=False)


def test_run_gives_updates_and_then_the_whole_record(client: Any) -> None:
    job = client.submit(
        PUZZLE, "self_consistency", params={"n": 4}, budget={"max_tokens": 200}, **COMMON, api_name="/run"
    )
    *updates, record = list(job)

    assert all(update["id"] == record["id"] for update in updates)
    assert any(update["spent_tokens"] > 0 and update["status"] == "running" for update in updates)
    assert record["status"] in ("finished", "partial")
    assert 0 < record["usage"]["generated_tokens"] <= 200
    assert len(record["nodes"]) == 5
    assert record["params"] == {"n": 4}
    assert client.predict(record["id"], api_name="/get_run")["answer"] == record["answer"]


def test_compare_gives_every_lane_the_same_budget(client: Any) -> None:
    lanes: list[Any] = ["chain_of_thought", {"strategy": "best_of_n", "params": {"n": 4}}]
    found = client.predict(PUZZLE, lanes, budget={"max_tokens": 120}, **COMMON, api_name="/compare")

    assert [lane["strategy"] for lane in found["lanes"]] == ["chain_of_thought", "best_of_n"]
    assert found["budget"]["max_tokens"] == 120
    for lane in found["lanes"]:
        usage = lane["usage"]
        assert 0 < usage["generated_tokens"] + usage["discarded_tokens"] + usage["scorer_tokens"] <= 120
        assert client.predict(lane["id"], api_name="/get_run")["budget"] == found["budget"]
    assert found["page"] == f"/compare?runs={','.join(lane['id'] for lane in found['lanes'])}"


def test_without_waiting_the_run_goes_on_by_itself(client: Any) -> None:
    told = client.predict(PUZZLE, "chain_of_thought", **COMMON, wait=False, api_name="/run")

    assert told["status"] in ("queued", "running")
    assert over(client, told["id"])["status"] == "finished"


def test_who_leaves_stops_the_run(client: Any) -> None:
    job = client.submit(PUZZLE, "mcts", params={"rollouts": 4096}, **COMMON, api_name="/run")
    for update in job:
        if update["spent_tokens"]:
            break
    job.cancel()

    assert over(client, update["id"])["status"] == "cancelled"


def test_list_strategies_is_the_registry(client: Any) -> None:
    found = {one["name"]: one for one in client.predict(api_name="/list_strategies")}

    assert list(found) == list(STRATEGIES)
    assert found["best_of_n"]["parameters"][0]["name"] == "n"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"problem": "  "}, "empty"),
        ({"problem": 7}, "must be text"),
        ({"strategy": "guess"}, "no strategy"),
        ({"params": {"n": 10**9}, "strategy": "best_of_n"}, "n must"),
        ({"params": [1]}, "params must be an object"),
        ({"budget": {"max_words": 3}}, "max_tokens"),
        ({"budget": {"max_tokens": -3}}, "more than 0"),
        ({"budget": {"max_tokens": "many"}}, "must be a number"),
        ({"seed": "x"}, "seed"),
        ({"model": "no-such-model"}, "no model"),
    ],
)
def test_bad_input_is_one_sentence_and_the_server_goes_on(
    client: Any, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(AppError, match=words) as caught:
        client.predict(**({"problem": PUZZLE, "strategy": "direct"} | COMMON | wrong), api_name="/run")

    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    assert client.predict(PUZZLE, "direct", **COMMON, api_name="/run")["status"] == "finished"


@pytest.mark.parametrize(
    "lanes",
    [["direct"], ["direct"] * 5, "direct", [7, 8], [{"params": {}}, "direct"], ["direct", {"strateg": 1}]],
)
def test_bad_lanes_are_one_sentence_and_nothing_runs(client: Any, lanes: Any) -> None:
    with pytest.raises(AppError, match=r"lane|Compare"):
        client.predict(PUZZLE, lanes, **COMMON, api_name="/compare")


def test_an_unknown_run_is_one_sentence(client: Any) -> None:
    with pytest.raises(AppError, match="There is no run"):
        client.predict("01NOSUCHRUN", api_name="/get_run")


def test_eight_clients_at_once_and_nothing_fails(site: Site) -> None:
    """`python app.py bench clients` is the same with thirty, for longer."""
    found = client_load.load(site.address, "scripted", clients=8, seconds=2.0)

    assert found.errors == 0, found.first_error
    assert found.calls >= 8
    assert 0 < found.first_p50_seconds <= found.first_p95_seconds


def over(client: Any, run_id: str) -> dict[str, Any]:
    """The record of a run once it is over."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        record = client.predict(run_id, api_name="/get_run")
        if record["status"] not in ("queued", "running"):
            return record
    raise AssertionError(f"The run {run_id} does not end.")
