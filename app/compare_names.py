"""What a lane is called: short, and different from the other lanes.

Knows strategies' titles and parameters. Does not know results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from engine.strategies import STRATEGIES


class Named(Protocol):
    """A lane or the spec of a run."""

    @property
    def strategy(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def params(self) -> Mapping[str, Any]: ...


def names(lanes: Sequence[Named]) -> list[str]:
    """One name a lane: the strategy, and where that is not enough, what differs."""
    found = [_title(lane) for lane in lanes]
    if len({lane.model for lane in lanes}) > 1:
        found = [f"{name}, {lane.model}" for name, lane in zip(found, lanes, strict=True)]
    for name, count in Counter(found).items():
        if count > 1:
            same = [at for at, other in enumerate(found) if other == name]
            for at, words in zip(same, _differences([lanes[at] for at in same]), strict=True):
                found[at] = f"{name} ({words})" if words else name
    for name, count in Counter(found).items():
        if count > 1:
            same = [at for at, other in enumerate(found) if other == name]
            for at in same:
                found[at] = f"{name}, lane {at + 1}"
    return found


def _title(lane: Named) -> str:
    strategy = STRATEGIES.get(lane.strategy)
    if strategy is None:
        return lane.strategy
    return (
        strategy.title.replace("of n", f"of {_settings(lane)['n']}")
        if "n" in _settings(lane)
        else strategy.title
    )


def _settings(lane: Named) -> dict[str, Any]:
    strategy = STRATEGIES.get(lane.strategy)
    defaults = {one.name: one.default for one in strategy.parameters} if strategy else {}
    return defaults | dict(lane.params)


def _differences(lanes: Sequence[Named]) -> list[str]:
    """Of lanes with the same strategy, the settings that are not the same in all."""
    settings = [_settings(lane) for lane in lanes]
    known = dict.fromkeys(name for one in settings for name in one)
    differing = [name for name in known if len({str(one.get(name)) for one in settings}) > 1]
    return [
        ", ".join(f"{name.replace('_', ' ')} {one[name]}" for name in differing if name in one)
        for one in settings
    ]


def listed(words: Sequence[str]) -> str:
    """“a”, “a and b”, “a, b and c”."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
