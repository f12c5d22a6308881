"""Which level programs run at here: the best that withstands the self-test, found once in a process.

Knows the order and the reasons. Does not know what a level is made of.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from engine.errors import ScorerUnavailable
from engine.sandbox import escapes, levels, override
from engine.sandbox.levels import Level

_lock = threading.Lock()
_found: Choice | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The level in use, None where no program is run; and why each better one is not, in a sentence each."""

    level: Level | None
    why_not_better: tuple[str, ...]

    @property
    def name(self) -> str:
        """For the record of a run."""
        return "none" if self.level is None else self.level.name

    @property
    def banner(self) -> str:
        """What the page must say in red; "" where there is nothing to warn of."""
        return override.BANNER if self.level is levels.UNSAFE else ""

    @property
    def why_disabled(self) -> str:
        """One sentence where programs are not run; "" where they are."""
        if self.level is not None:
            return ""
        return f"Programs cannot be run safely on this machine: {' '.join(self.why_not_better)}"


def choice() -> Choice:
    """The level for this machine. The first call tests it and takes a second or two; later ones do not."""
    global _found
    with _lock:
        if _found is None:
            _found = _choose()
        return _found


def level() -> Level:
    """The level that programs run at. Raises ScorerUnavailable, saying why, where they are not run at all."""
    found = choice()
    if found.level is None:
        raise ScorerUnavailable(found.why_disabled)
    return found.level


def environment() -> dict[str, str]:
    """What the record of a run that ran programs says about its sandbox."""
    return {"sandbox": choice().name}


def _choose() -> Choice:
    why_not: list[str] = []
    for candidate in levels.LEVELS:
        reason = levels.why_not(candidate)
        if not reason:
            leaks = escapes.find_leaks(candidate)
            if not leaks:
                return Choice(candidate, tuple(why_not))
            reason = f"{candidate.title[:1].upper()}{candidate.title[1:]}: {'; '.join(leaks[:3])}."
        if reason not in why_not:
            why_not.append(reason)
    return Choice(levels.UNSAFE if override.is_asked() else None, tuple(why_not))
