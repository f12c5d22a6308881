"""Programs that a run answers with run beside the turns: whether they have, and what waiting for them costs.

Knows an entry and its ledger. Does not know how a program is run.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from engine.active_run import ActiveRun
from engine.checks import programs_have_run
from engine.entries import Entry
from engine.tasks import is_program
from engine.tree import Node


def have_run(entry: Entry, active: ActiveRun, nodes: Sequence[Node], *, is_shown_only: bool) -> bool:
    """Whether the programs that these nodes answer with have run; begins those that have not.

    No run waits for another's. A run whose time is over while it waits goes on without.
    """
    if not is_program(entry.run.tree.problem):
        return True
    has_run = programs_have_run(nodes, entry.run.id, is_shown_only=is_shown_only)
    is_late = not has_run and not active.is_done and not active.ledger.has_time()
    if not has_run and not is_late:
        entry.waits_since = entry.waits_since or time.perf_counter()
    elif entry.waits_since is not None:
        if not active.is_done:
            active.ledger.charge_checking(time.perf_counter() - entry.waits_since)
        entry.waits_since = None
    if is_late:
        active.run_out_of_time()
    return has_run
