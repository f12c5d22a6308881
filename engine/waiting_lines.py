"""Runs that wait to be started, a line for each party, and which of them is next.

Knows entries and fair shares. Does not know how a run is started.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from engine.entries import Entry
from engine.fair_shares import FairShares, Party, is_newcomer

MAX_ACTIVE_RUNS = 64  # a newcomer may start one beyond it, up to twice as many in all


class WaitingLines:
    """First come, first served inside a party; between parties by `shares`."""

    def __init__(self, shares: FairShares) -> None:
        self._shares = shares
        self._lines: dict[Party, list[Entry]] = {}  # no line is empty

    def __iter__(self) -> Iterator[Entry]:
        """Everybody who waits, as of now."""
        return iter([entry for line in self._lines.values() for entry in line])

    def __bool__(self) -> bool:
        return bool(self._lines)

    def join(self, entry: Entry, active: Sequence[Entry]) -> None:
        """A run has come while `active` go on."""
        self._shares.join(entry.party, {other.party for other in active} | self._lines.keys())
        self._lines.setdefault(entry.party, []).append(entry)

    def leave(self, entry: Entry) -> None:
        """It waits no more; nothing happens where it did not."""
        line = self._lines.get(entry.party, [])
        if entry in line:
            line.remove(entry)
            if not line:
                del self._lines[entry.party]

    def next(self, active: Sequence[Entry], has_room: Callable[[str, Collection[str]], bool]) -> Entry | None:
        """Take out who is to be started now, None where there is no room or nobody waits.

        The owner who has had least comes first, and his first run. Where his run needs a model that there is
        no room for (`has_room` is asked with the model and those in use), nothing is started for those who
        have had more: the models in use would never be free for it.
        """
        lines = dict(self._lines)
        begun = Counter(entry.party for entry in active)
        in_use = {entry.run.spec.model for entry in active}
        if len(active) >= 2 * MAX_ACTIVE_RUNS:
            return None
        if len(active) >= MAX_ACTIVE_RUNS:
            lines = {party: line for party, line in lines.items() if is_newcomer(party, begun)}
        while lines:
            party = self._shares.next(lines, begun)
            fits = (entry for entry in lines[party] if has_room(entry.run.spec.model, in_use))
            if entry := next(fits, None):
                self.leave(entry)
                return entry
            if any(owner != party[0] for owner, _ in begun):
                return None
            del lines[party]
        return None
