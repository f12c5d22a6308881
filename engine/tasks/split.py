"""Which problems may be trained on: a stable hash of the problem decides, for ever.

One problem in ten is a test problem. The Game of 24 (target 24 from four numbers of 1 to 13) is always
held out, so that its published puzzles stay a fair benchmark.
"""

from __future__ import annotations

import hashlib

TEST_SHARE = 10  # one in this many


def is_test(key: str) -> bool:
    """Whether the problem with this canonical key belongs to the test split."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % TEST_SHARE == 0


def is_game_of_24(numbers: tuple[int, ...], target: int) -> bool:
    """Whether this is a puzzle of the held-out benchmark."""
    return target == 24 and len(numbers) == 4 and all(1 <= n <= 13 for n in numbers)
