"""A process of its own that writes runs: `python -m tests.storage.busy_process URL MODE`.

`finish` writes ten finished runs of five steps and ends. `endless` opens one run and grows it for ever,
printing its id and how many of its nodes are committed after each commit; it waits to be killed.
"""

from __future__ import annotations

import sys

from storage.store import Store
from tests.storage.examples import finished_run, grow_step, new_run


def write_finished(url: str) -> None:
    store = Store(url)
    for _ in range(10):
        run = finished_run(steps=5)
        store.opened(run)
        store.grew(run, [])
        store.closed(run)
        print(run.id, flush=True)
    store.close()


def write_endlessly(url: str) -> None:
    store = Store(url, commit_every_seconds=0.001)
    run = new_run()
    store.opened(run)
    run.status = "running"
    print(run.id, len(run.tree.nodes), flush=True)
    while True:
        known = len(run.tree.nodes)
        grow_step(run, parent=(known - 1) // 2)
        growing = run.tree.add(run.tree.nodes[known])
        run.tree.append(growing, ["5", " *"], [-0.5, -0.5])
        store.grew(run, [])
        if known % 5 == 0:
            store.flush()
            print(run.id, len(run.tree.nodes), flush=True)


if __name__ == "__main__":
    {"finish": write_finished, "endless": write_endlessly}[sys.argv[2]](sys.argv[1])
