"""How sure a model was while it wrote, by the confidences of its tokens.

Knows token confidences, C = -mean(ln p of the k likeliest tokens), k 20: high where the distribution is
peaked. Does not know answers. A group is a sliding window of tokens; a trace shorter than the window is one
group. Source: DeepConf, Fu et al. 2025 (arXiv 2508.15260, section 3.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

MEASURES: tuple[str, ...] = ("lowest", "bottom", "tail", "mean")
BOTTOM = 0.1  # share of the groups, the least confident ones, that "bottom" averages
TOP_TOKENS = 20  # k


def groups(confidences: Sequence[float], window: int) -> list[float]:
    """The mean of every `window` consecutive tokens; of all of them where there are fewer. None for none."""
    if not confidences:
        return []
    width = min(window, len(confidences))
    sums = list(accumulate(confidences, initial=0.0))
    return [(sums[end] - sums[end - width]) / width for end in range(width, len(sums))]


def measure(confidences: Sequence[float], how: str, window: int) -> float:
    """The confidence of a whole trace. `confidences` must not be empty.

    lowest: its least confident group. bottom: the mean of the least confident tenth of its groups (at least
    one). tail: the mean of its last `window` tokens. mean: of all tokens.
    """
    match how:
        case "lowest":
            return min(groups(confidences, window))
        case "bottom":
            ranked = sorted(groups(confidences, window))
            few = ranked[: max(1, math.floor(BOTTOM * len(ranked)))]
            return sum(few) / len(few)
        case "tail":
            return groups(confidences, window)[-1]
        case "mean":
            return sum(confidences) / len(confidences)
    raise ValueError(f"unknown measure {how!r}")


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of the values lie, on the line between neighbours (NumPy's way)."""
    ranked = sorted(values)
    place = (len(ranked) - 1) * percent / 100
    low = math.floor(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)
