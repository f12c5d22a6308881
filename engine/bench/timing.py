"""Two ways of doing one thing, timed in turns, and their ratio with its spread.

Knows clocks. Does not know what is timed. A figure is the median over pairs of neighbouring runs, so that a
machine that slows down or speeds up meanwhile slows both sides.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a benchmark. `ratio` is peer ÷ ours (more is better) unless `meaning` says otherwise.

    `low` and `high` are the least and the greatest ratio of a pair.
    """

    name: str
    ratio: float
    low: float
    high: float
    ours_seconds: float | None = None
    peer_seconds: float | None = None
    pairs: int = 0
    meaning: str = "times as fast as the peer"


def seconds(act: Callable[[], object]) -> float:
    """How long one call takes."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def compare(
    name: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    pairs: int = 5,
    meaning: str = "times as fast as the peer",
    *,
    is_peer_warm: bool = False,
) -> Case:
    """Both once to warm up (a slow peer may have been warmed up with less), then A B A B …"""
    ours()
    if not is_peer_warm:
        peer()
    times = [(seconds(ours), seconds(peer)) for _ in range(pairs)]
    ratios = [theirs / own for own, theirs in times]
    return Case(
        name, median(ratios), min(ratios), max(ratios),
        median(own for own, _ in times), median(theirs for _, theirs in times), pairs, meaning,
    )  # fmt: skip
