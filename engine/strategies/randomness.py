"""Random numbers for strategies that draw some of their own, beside the tokens the backend draws.

Knows the run's seed. Does not know what is drawn: the same run draws the same numbers, whatever else runs.
"""

from __future__ import annotations

import random

from engine.tree import Node


def stream(root: Node, name: str) -> random.Random:
    """A stream of random numbers that depends on the run's seed and `name` alone."""
    return random.Random(f"{root.tree.seed}/{name}")
