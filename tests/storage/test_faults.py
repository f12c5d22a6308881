"""Kill -9, a locked database, a full disk, many writers: what was acknowledged is there, once."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import StorageError
from storage.interruption import NODE_REASON, RUN_REASON
from storage.store import Store
from tests.storage.examples import finish, finished_run, grow_step, new_run

ROOT = Path(__file__).parents[2]


def start(url: str, mode: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.storage.busy_process", url, mode]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def file_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


def execute(url: str, statement: str) -> list[tuple]:
    with closing(sqlite3.connect(file_of(url))) as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize("commits", [1, 2, 7, 40])
def test_kill_9_leaves_an_interrupted_run_with_every_acknowledged_node(url: str, commits: int) -> None:
    with start(url, "endless") as process:
        assert process.stdout is not None
        for _ in range(commits):
            run_id, acknowledged = process.stdout.readline().split()
        process.send_signal(signal.SIGKILL)
    assert execute(url, "PRAGMA integrity_check") == [("ok",)]

    store = Store(url)
    assert store.load(run_id).status in ("queued", "running")
    assert store.mark_interrupted() == 1
    assert store.mark_interrupted() == 0
    run = store.load(run_id)
    assert (run.status, run.status_reason) == ("interrupted", RUN_REASON)
    assert len(run.tree.nodes) >= int(acknowledged)
    for node in run.tree.nodes[1 : int(acknowledged)]:
        assert node.text in ("9 - 7 = 2 (left: 2 3 5)\n", "5 *")
        assert node.status in ("kept", "aborted")
        assert node.reason == (NODE_REASON if node.status == "aborted" else "Among the best of its level.")
    assert run.usage.generated_tokens == sum(node.tokens for node in run.tree.nodes)
    assert run.tree.events[-1].kind == "ended"
    assert [event.seq for event in run.tree.events] == list(range(len(run.tree.events)))
    store.close()


def test_runs_of_another_living_process_are_left_alone(url: str) -> None:
    with start(url, "endless") as process:
        assert process.stdout is not None
        run_id = process.stdout.readline().split()[0]
        beside = Store(url)
        mine = new_run()
        beside.opened(mine)
        assert beside.mark_interrupted() == 0
        assert beside.load(run_id).status in ("queued", "running")
        process.kill()
        process.wait()
        assert beside.mark_interrupted() == 1  # only the dead one's
        assert beside.load(mine.id).status == "queued"
        beside.close()


def test_eight_threads_and_two_processes_write_exact_counts(url: str, store: Store) -> None:
    others = [start(url, "finish") for _ in range(2)]
    written: list[str] = []

    def write() -> None:
        for _ in range(5):
            run = new_run()
            store.opened(run)
            run.status = "running"
            for parent in range(5):
                grow_step(run, parent)
                store.grew(run, [])
            finish(run)
            store.closed(run)
            written.append(run.id)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in others:
        with process:
            assert process.stdout is not None
            written += process.stdout.read().split()
        assert process.returncode == 0
    store.flush()
    assert sorted(line.id for line in store.runs(limit=1000)) == sorted(written)
    assert store.count(filters={"status": "finished"}) == len(written) == 8 * 5 + 2 * 10
    assert execute(url, "SELECT count(*) FROM nodes") == [(len(written) * 6,)]
    per_run = set(execute(url, "SELECT count(*) FROM events GROUP BY run_id"))
    events = [event for event in finished_run(steps=5).tree.events if event.kind != "tokens"]
    assert per_run == {(len(events),)}
    assert execute(url, "PRAGMA integrity_check") == [("ok",)]


def test_a_locked_database_delays_the_record_and_loses_nothing(url: str) -> None:
    store = Store(url, busy_seconds=0.05)
    run = new_run()
    store.opened(run)
    with closing(sqlite3.connect(file_of(url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        grow_step(run, 0)
        store.grew(run, [])  # the run goes on
        with pytest.raises(StorageError, match=r"Another program keeps the database .* locked; close it"):
            store.flush()
        with pytest.raises(StorageError, match="locked"):
            store.opened(new_run())  # a run that cannot be acknowledged is refused
        assert "Runs go on" in store.trouble
        grow_step(run, 1)
        finish(run)
        store.closed(run)
        other.execute("ROLLBACK")
    store.flush()
    assert store.trouble == ""
    assert store.load(run.id).record() == run.record()
    assert store.count() == 1
    store.close()


def test_a_full_disk_is_said_and_survived(url: str) -> None:
    store = Store(url)
    run = new_run()
    store.opened(run)
    store._writer.call(lambda session: session.connection().exec_driver_sql("PRAGMA max_page_count=1"))
    for parent in range(200):
        grow_step(run, parent)
    with pytest.raises(StorageError, match=r"The disk that holds the database .* is full"):
        store.flush()
    store._writer.call(lambda session: session.connection().exec_driver_sql("PRAGMA max_page_count=100000"))
    finish(run)
    store.closed(run)
    store.flush()
    assert store.load(run.id).record() == run.record()
    store.close()


def test_closing_says_what_could_not_be_saved(url: str) -> None:
    store = Store(url, busy_seconds=0.05)
    run = new_run()
    store.opened(run)
    with closing(sqlite3.connect(file_of(url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        grow_step(run, 0)
        store.grew(run, [])
        with pytest.raises(StorageError, match="The end of 1 runs was not saved"):
            store.close()
        other.execute("ROLLBACK")


def test_a_run_that_cannot_be_stored_does_not_keep_others_from_it(store: Store) -> None:
    poison, sound = finished_run(), finished_run()
    store.opened(poison)
    poison.environment = {"device": object()}  # not JSON
    store.opened(sound)
    store.closed(poison)
    store.closed(sound)
    store.flush()
    assert store.load(sound.id).status == "finished"
    unsound = new_run()
    unsound.environment = {"device": object()}
    with pytest.raises(StorageError, match="cannot be saved"):
        store.opened(unsound)
    assert store.count() == 2
