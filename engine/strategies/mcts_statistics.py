"""The statistics of a Monte Carlo tree search: visits, values, what to select next, when a branch is done.

Knows the selection rules and the back-up. Does not know how nodes are grown or scored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from engine.tree import Node

PUCT_BASE = 19652
PUCT_INIT = 1.25
REPEATS = 8  # draws in a row that bring nothing new, before there is taken to be nothing new


@dataclass(eq=False, slots=True)
class Place:
    """A node's place in the search; `virtual` counts simulations on their way through it."""

    node: Node
    parent: Place | None = None
    children: list[Place] = field(default_factory=list)
    visits: int = 0
    total: float = 0.0
    virtual: int = 0
    drawn: int = 0  # children sampled, repeats included
    prior: float = 1.0  # the policy's probability among its siblings, for PUCT
    repeats: int = 0  # draws since the last that brought something new
    is_closed: bool = False  # nothing below it is left to try
    is_picked: bool = False  # chosen for expansion in this round

    @property
    def mean(self) -> float:
        """Mean value of the simulations through this place, 0 where there were none."""
        return self.total / self.visits if self.visits else 0.0

    def wants(self, width: int, widening: float) -> int:
        """How many more children to sample here now.

        The first time `width`; later ⌈width · (visits / width)^widening⌉ in all (progressive widening,
        Coulom 2007), so that a place worth many visits is not bound for ever to its first few children. A
        place that widens is not done when its children are: it wants one more, until REPEATS draws in a row
        brought nothing new.
        """
        if self.node.is_final or self.is_closed or self.is_picked:
            return 0
        if widening == 0:
            return max(0, width - self.drawn)
        if self.repeats >= REPEATS:
            return 0
        allowed = width
        if self.visits > width:
            allowed = math.ceil(width * (self.visits / width) ** widening - 1e-9)
        at_least = int(all(child.is_closed for child in self.children))
        return max(at_least, allowed - self.drawn)

    def adopt(self, node: Node) -> Place:
        """Add a child's place, and share the priors out anew by the children's probabilities."""
        child = Place(node, self)
        self.children.append(child)
        likelihoods = [math.exp(max(-700.0, place.node.logprob)) for place in self.children]
        whole = sum(likelihoods)
        for place, likelihood in zip(self.children, likelihoods, strict=True):
            place.prior = likelihood / whole
        return child

    def path(self) -> list[Place]:
        """From here up to the root, both included."""
        place: Place | None = self
        places: list[Place] = []
        while place is not None:
            places.append(place)
            place = place.parent
        return places


def terms(place: Place, rule: str, c: float) -> dict[str, float | int | str]:
    """The terms of the selection rule for a child: Q, the exploration term, their sum, and what they rest on.

    Simulations on their way count as visits worth nothing (virtual loss, Chaslot et al. 2008), so that the
    leaves of one round differ.
    uct: Q + c √(ln N_parent / N). Source: Kocsis and Szepesvári 2006.
    puct: Q + [ln((N_parent + 19653) / 19652) + 1.25] · P · √N_parent / (1 + N). Source: arXiv 1911.08265,
    appendix B.
    """
    assert place.parent is not None
    visits = place.visits + place.virtual
    above = place.parent.visits + place.parent.virtual
    q = place.total / visits if visits else 0.0
    if rule == "uct":
        exploration = c * math.sqrt(math.log(max(1, above)) / visits) if visits else math.inf
    else:
        rate = math.log((above + PUCT_BASE + 1) / PUCT_BASE) + PUCT_INIT
        exploration = rate * place.prior * math.sqrt(above) / (1 + visits)
    return {
        "rule": rule,
        "n": visits,
        "n_parent": above,
        "total": place.total,
        "prior": place.prior,
        "q": q,
        "exploration": exploration,
        "sum": q + exploration,
    }


def find_leaf(place: Place, rule: str, c: float, width: int, widening: float) -> Place | None:
    """Select: descend by the rule to a place that wants children. None where every branch is done or picked.

    The terms of every child on the way down are noted in its node.
    """
    if place.wants(width, widening):
        return place
    ranked = [(terms(child, rule, c), child) for child in place.children if not child.is_closed]
    for found, child in sorted(ranked, key=lambda pair: -float(pair[0]["sum"])):
        leaf = find_leaf(child, rule, c, width, widening)
        if leaf is not None:
            child.node.note(selection=_plain(found))
            return leaf
    return None


def _plain(found: dict[str, float | int | str]) -> dict[str, float | int | str | None]:
    """The terms as a record holds them: None for what is infinite, a child that was never tried."""
    return {
        name: None if isinstance(term, float) and math.isinf(term) else term for name, term in found.items()
    }


def back_up(end: Place, value: float) -> None:
    """Add one simulation's value to every place from `end` to the root."""
    for place in end.path():
        place.visits += 1
        place.total += value
        place.node.note(visits=place.visits, value=round(place.mean, 6))


def close(place: Place, width: int, widening: float) -> None:
    """Mark what is done from here up, so that a fully explored subtree is never selected again."""
    for above in place.path():
        is_end = above.node.is_final or above.node.status == "aborted"
        is_done = (
            not above.wants(width, widening) and above.drawn > 0 and all(c.is_closed for c in above.children)
        )
        if not (is_end or is_done):
            return
        above.is_closed = True
