"""Which run's next branch gets a free row of a backend.

Knows active runs and fair shares. Does not know what a row computes.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from engine.active_run import ActiveRun
from engine.entries import Entry
from engine.fair_shares import FairShares, Party, is_newcomer


def fill_rows(max_rows: int, entries: Sequence[Entry], shares: FairShares) -> None:
    """Give the free rows away one by one, to the owner who has had least; within one, run by run.

    Some rows are kept for those who have none, so that a newcomer need not wait for a branch to end.
    """
    rows: Counter[Party] = Counter()
    lines: dict[Party, deque[ActiveRun]] = {}
    for entry in entries:
        if entry.active is None:
            continue
        rows[entry.party] += len(entry.active.flying)
        if entry.active.waiting_rows:
            lines.setdefault(entry.party, deque()).append(entry.active)
    free = max_rows - rows.total()
    while free > 0 and lines:
        if free <= _kept_rows(max_rows):
            lines = {party: line for party, line in lines.items() if is_newcomer(party, rows)}
            if not lines:
                return
        party = shares.next(lines, rows)
        run = lines[party].popleft()
        run.launch()
        shares.begin()
        rows[party] += 1
        free -= 1
        if run.waiting_rows:
            lines[party].append(run)
        elif not lines[party]:
            del lines[party]


def _kept_rows(max_rows: int) -> int:
    """Rows kept free for newcomers: one in 16, at least one where there are four."""
    return min(max(1, max_rows // 16), max_rows // 4)
