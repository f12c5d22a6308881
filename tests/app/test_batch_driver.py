"""A batch is made to its end, through pauses, restarts and failures; its outcomes are those of its runs."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from app.batch_driver import BatchDriver
from app.compare_plan import Lane, plan_from
from app.service import Service
from engine.backends import scripted
from engine.errors import BadInput, BatchNotFound
from engine.models import catalogue
from tests.app.batch_plans import plan

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'batch.db'}"


@pytest.fixture
def service(url: str) -> Generator[Service]:
    service = Service(url)
    yield service
    service.close()


@pytest.fixture
def driver(service: Service) -> BatchDriver:
    return driven(service)


def driven(service: Service, at_once: int = 8) -> BatchDriver:
    driver = BatchDriver(service, at_once)
    service.before_close.append(driver.close)
    return driver


def until(is_so: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def wait_state(driver: BatchDriver, id: str, state: str) -> None:
    until(lambda: driver.progress(id).state == state and not driver.progress(id).flying, f"it is {state}")


def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "load_backend", lambda _: scripted.ScriptedBackend(delay_seconds=0.01))


def test_a_batch_fills_every_cell_once(driver: BatchDriver, service: Service) -> None:
    asked = plan()
    id = driver.start(asked)
    wait_state(driver, id, "finished")
    found = driver.progress(id)
    assert [one.cell for one in found.outcomes] == list(range(asked.cells))
    assert service.count(filters={"batch": id}) == asked.cells == 20
    for one in found.outcomes:
        run = service.get(one.run)
        problem, part, lane = asked.place(one.cell)
        assert run.spec.problem == asked.problems[problem]
        assert run.spec.strategy == asked.lanes[lane].strategy
        assert run.spec.seed == 1 + problem
        assert run.spec.budget.max_tokens == (200, 400)[part]
        assert (one.is_correct, one.tokens) == (run.is_correct, run.usage.spent_tokens)
    assert any(one.is_correct for one in found.outcomes)
    assert all(one.is_found for one in found.outcomes if one.is_correct)


def test_what_is_read_back_is_what_was_counted(driver: BatchDriver, service: Service, url: str) -> None:
    id = driver.start(plan())
    wait_state(driver, id, "finished")
    live = driver.progress(id)
    stored = BatchDriver(service).progress(id)
    assert stored.outcomes == live.outcomes
    assert (stored.state, stored.plan) == ("finished", live.plan)


def test_pause_and_resume(monkeypatch: pytest.MonkeyPatch, service: Service, driver: BatchDriver) -> None:
    slowly(monkeypatch)
    id = driver.start(plan(10))
    until(lambda: len(driver.progress(id).outcomes) >= 2, "some runs are done")
    driver.pause(id)
    wait_state(driver, id, "paused")
    paused = driver.progress(id)
    assert 2 <= len(paused.outcomes) < 40
    assert (paused.reason, paused.seconds_left) == ("Paused.", None)
    time.sleep(0.2)
    assert driver.progress(id).seconds == paused.seconds  # the clock stands
    driver.resume(id)
    until(lambda: driver.progress(id).seconds_left is not None, "it says how long it will take")
    wait_state(driver, id, "finished")
    assert len(driver.progress(id).outcomes) == 40
    assert service.count(filters={"batch": id}) == 40  # nothing was made twice


def test_resume_while_the_last_runs_still_end(monkeypatch: pytest.MonkeyPatch, driver: BatchDriver) -> None:
    slowly(monkeypatch)
    id = driver.start(plan(10))
    times = 0
    while times < 5 and driver.progress(id).state == "running":
        if driver.progress(id).flying:
            times += 1
            driver.pause(id)
            driver.resume(id)
        time.sleep(0.01)
    assert times
    wait_state(driver, id, "finished")
    assert len(driver.progress(id).outcomes) == 40


def test_a_restart_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    slowly(monkeypatch)
    first = Service(url)
    driver = driven(first)
    id = driver.start(plan(8))
    until(lambda: len(driver.progress(id).outcomes) >= 3, "some runs are done")
    first.close()

    second = Service(url)
    driver = driven(second)
    found = driver.progress(id)
    assert found.state == "interrupted" and found.is_ours
    done = {one.cell: one.run for one in found.outcomes}
    assert 3 <= len(done) < 32
    driver.resume(id)
    wait_state(driver, id, "finished")
    after = driver.progress(id)
    assert [one.cell for one in after.outcomes] == list(range(32))
    assert all(one.run == done[one.cell] for one in after.outcomes if one.cell in done)
    second.close()


def test_a_killed_process_loses_and_doubles_nothing(url: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.app.killed_batch", url], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    id = process.stdout.readline().strip()
    time.sleep(random.uniform(0, 0.6))  # into its runs, wherever they are then
    process.kill()
    process.wait()
    process.stdout.close()

    service = Service(url)
    driver = driven(service)
    before = driver.progress(id)
    assert before.state == "interrupted"
    driver.resume(id)
    wait_state(driver, id, "finished")
    after = driver.progress(id)
    assert [one.cell for one in after.outcomes] == list(range(48))
    kept = {one.run for one in before.outcomes}
    assert kept <= {one.run for one in after.outcomes}
    ended = service.runs(filters={"batch": id, "status": ["finished", "partial"]}, limit=100)
    assert len(ended) == 48
    assert service.count(filters={"batch": id, "status": ["running", "queued"]}) == 0
    service.close()


def test_cancel_stops_what_runs_and_is_final(monkeypatch: pytest.MonkeyPatch, driver: BatchDriver) -> None:
    slowly(monkeypatch)
    id = driver.start(plan(10))
    until(lambda: driver.progress(id).outcomes, "a run is done")
    driver.cancel(id)
    wait_state(driver, id, "cancelled")
    assert 0 < len(driver.progress(id).outcomes) < 40
    with pytest.raises(BadInput, match="cancelled"):
        driver.resume(id)


def test_a_model_that_fails_pauses_the_batch(monkeypatch: pytest.MonkeyPatch, driver: BatchDriver) -> None:
    def broken(_: str) -> Any:
        raise OSError("no such device")

    working = catalogue.load_backend
    monkeypatch.setattr(catalogue, "load_backend", broken)
    service = Service()
    driver = driven(service)
    id = driver.start(plan(10))
    wait_state(driver, id, "paused")
    found = driver.progress(id)
    assert "in a row failed" in found.reason and "no such device" in found.reason
    assert all(one.is_failed and one.is_correct is None for one in found.outcomes)
    service.close()

    monkeypatch.setattr(catalogue, "load_backend", working)
    service = Service()
    driver = driven(service)
    driver.resume(id)
    wait_state(driver, id, "finished")
    assert not any(one.is_failed for one in driver.progress(id).outcomes)
    service.close()


def test_seconds_are_spent_alone(monkeypatch: pytest.MonkeyPatch, driver: BatchDriver) -> None:
    slowly(monkeypatch)
    id = driver.start(plan(5, unit="seconds", amount=0.05, parts=(1.0,)))
    most = 0
    while (found := driver.progress(id)).state == "running":
        most = max(most, found.flying)
    assert found.state == "finished"
    assert most == 1


def test_what_cannot_be_run_is_refused_before_anything_is_kept(driver: BatchDriver) -> None:
    with pytest.raises(BadInput, match="n must be"):
        driver.start(plan(lanes=(Lane("best_of_n", "scripted", {"n": 0}),)))
    assert driver.latest() == []
    with pytest.raises(BatchNotFound):
        driver.progress("none")
    with pytest.raises(BatchNotFound):
        driver.pause("none")


def test_two_batches_at_once_are_the_most(monkeypatch: pytest.MonkeyPatch, driver: BatchDriver) -> None:
    slowly(monkeypatch)
    ids = [driver.start(plan(10)) for _ in range(2)]
    with pytest.raises(BadInput, match="pause one"):
        driver.start(plan(10))
    for id in ids:
        driver.cancel(id)


def test_without_saving_there_are_no_batches() -> None:
    service = Service(is_saving=False)
    driver = BatchDriver(service)
    assert driver.latest() == []
    with pytest.raises(BadInput, match="without saving"):
        driver.start(plan())
    service.close()


def test_a_plan_survives_its_record() -> None:
    assert plan_from(plan().record()) == plan()
