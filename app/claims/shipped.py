"""Where what was measured lies in the repository, and its runs for whoever opens one.

Knows files. Does not know what is in the report.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from storage.shipped import Shipped

RECORDED = Path(__file__).resolve().parents[1] / "recorded"
REPORT, RUNS = RECORDED / "claims.json", RECORDED / "claims.sqlite"


@cache
def runs() -> Shipped:
    """The runs that were kept of the bench."""
    return Shipped(RUNS)
