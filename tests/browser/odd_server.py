"""The real server with an unusual scripted model: `python -m tests.browser.odd_server slow|hostile --port …`.

`slow` takes its time over every token, so that a test can look while a run goes; it has quality tiers, of
made-up accuracy. `hostile` says markup and script instead of reasoning, as no model should and any model may.
"""

from __future__ import annotations

import sys

from app import tiers
from app.command_line import main
from engine.backends import scripted
from engine.lab.tiers import Measured, Spread, choose
from engine.models import catalogue

DELAY_SECONDS = 0.03
HOSTILE = (
    "<script>window.pwned = 1</script>",
    '<img src=x onerror="window.pwned = 2">',
    "${window.pwned = 3} {{window.pwned = 4}} `+(window.pwned = 5)+`",
    '"><svg/onload=window.pwned=6><a href="javascript:window.pwned=7">1 + 1 = 2</a>',
)


def made_up(strategy: str, right: int, tokens: float, **params: object) -> Measured:
    """A candidate as if it had been measured."""
    return Measured(strategy, params, 1000, right, 100, Spread(tokens, tokens, 2 * tokens), 20.0, 500.0)


CANDIDATES = (
    made_up("chain_of_thought", 30, 40),
    made_up("self_consistency", 55, 200, n=6),
    made_up("best_of_n", 60, 400, n=12, select="weighted"),
)
TIERS = tiers.Tiers("scripted", choose(CANDIDATES, 40), CANDIDATES, "2026-01-01T00:00:00+00:00", 100)


def hostile_plan(*_: object) -> tuple[list[str], str]:
    """Steps and an answer that try to run in the page."""
    return list(HOSTILE), HOSTILE[1]


if __name__ == "__main__":
    kind, *rest = sys.argv[1:]
    if kind == "slow":
        catalogue.load_backend = lambda name: scripted.ScriptedBackend(delay_seconds=DELAY_SECONDS)
        tiers.tiers_of = lambda model, file=tiers.FILE: TIERS
    else:
        scripted._plan = hostile_plan
    sys.exit(main([*rest, "--model", "scripted"]))
