"""Who comes next where the device is scarce: owners share it by tokens, an owner's batches share his part.

Knows owners, batches and the tokens that were spent for them. Does not know runs, trees or models. What is
decided here is when something is done, never what: a tree does not depend on it.

Source: the virtual token counter of Sheng et al. 2024 (arXiv 2401.00588). We depart from it in two ways: a
row stays where it is until its branch ends, so branches that have begun count in advance with the tokens a
branch takes on average; and there is a second level, the batches of one owner, so that a night's sweep does
not hold up the run that its owner starts meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

Party = tuple[str, str]
"""An owner and one of his batches; "" is what he runs by hand."""


class FairShares:
    """Counts tokens for owners and for their batches, and names the one that has had least."""

    def __init__(self) -> None:
        self._owners: Counter[str] = Counter()
        self._parties: Counter[Party] = Counter()
        self._spent_tokens = 0
        self._branches = 0

    def join(self, party: Party, present: Collection[Party]) -> None:
        """A party has work again while `present` have some: idle time is no credit, so it starts level.

        A debt stays: who leaves and comes back is not served before those who have had less.
        """
        owner = party[0]
        if not present:  # nobody to be fair to: old accounts are closed
            self._owners.clear()
            self._parties.clear()
            return
        if not any(other == owner for other, _ in present):
            least = min(self._owners[other] for other, _ in present)
            self._owners[owner] = max(self._owners[owner], least)
        beside = [self._parties[other] for other in present if other[0] == owner and other != party]
        if party not in present and beside:
            self._parties[party] = max(self._parties[party], min(beside))

    def charge(self, party: Party, tokens: int) -> None:
        """Tokens were read or written for this party."""
        self._owners[party[0]] += tokens
        self._parties[party] += tokens
        self._spent_tokens += tokens

    def begin(self) -> None:
        """One more branch has begun, of whomever: this is how the average for one is known."""
        self._branches += 1

    def next(self, waiting: Iterable[Party], begun: Mapping[Party, int]) -> Party:
        """The party to serve next of those that wait (at least one, no two equal).

        `begun` counts what each party has in progress. The owner with the fewest tokens comes first, then his
        batch with the fewest; among equals, the first of `waiting`.
        """
        waiting = list(waiting)
        each = self._spent_tokens / self._branches if self._branches else 1.0
        rows: Counter[str] = Counter()
        for (owner, _), count in begun.items():
            rows[owner] += count
        owner = min((o for o, _ in waiting), key=lambda o: self._owners[o] + each * rows[o])
        own = [party for party in waiting if party[0] == owner]
        return min(own, key=lambda party: self._parties[party] + each * begun.get(party, 0))


def is_newcomer(party: Party, begun: Mapping[Party, int]) -> bool:
    """Whether an owner has nothing in progress, or only batches while these are his runs by hand."""
    owner, batch = party
    own = {other for (one, other), count in begun.items() if one == owner and count}
    return not own or (batch == "" and "" not in own)
