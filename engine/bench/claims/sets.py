"""The sets of problems that several claims share, so that one pool of samples serves them all."""

from __future__ import annotations

from engine.bench.claims.cells import GAME_OF_24, Sets

ARITHMETIC: Sets = (("arithmetic", (4, 5, 6)),)
STORY: Sets = (("story", (4, 5, 6)),)
COUNTDOWN: Sets = (("countdown", (4,)),)
COUNTDOWN_4_5: Sets = (("countdown", (4, 5)),)
PROGRAMS: Sets = (("programs", (2,)),)
PUZZLES: Sets = ((GAME_OF_24, (4,)),)
MIXED: Sets = (
    ("arithmetic", (2, 4, 6)),
    ("story", (1, 3, 5)),
    ("countdown", (3, 4)),
    ("programs", (1, 2)),
)
"""Easy and hard ones, for a strategy that must tell them apart."""
