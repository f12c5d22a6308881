"""What works on this machine, and why not where it does not: the table of `doctor` and of the System page.

Asks each part of Ponder about itself. Does not change anything, and loads no weights.
"""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from app.command_line import DEFAULT_MODEL
from engine import equality
from engine.errors import PonderError
from engine.models import catalogue, device
from engine.sandbox import choosing
from storage.database import default_url, has_wal_reset_bug, locate
from storage.store import Store

Verdict = Literal["works", "limited", "fails"]
LIBRARIES = ("torch", "transformers", "gradio", "plotly", "SQLAlchemy", "math-verify")
ENOUGH_MEMORY = 2 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One part: whether it works, what there is, and what to do where it does not."""

    part: str
    verdict: Verdict
    found: str
    advice: str = ""


def checks() -> list[Check]:
    """Every check, in the order a person would want them."""
    return [_python(), _device(), _memory(), *_models(), _scorer(), _answers(), _sandbox(), _database()]


def _python() -> Check:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    return Check("Python", "works", f"{platform.python_version()} on {platform.system()}; {versions}")


def _device() -> Check:
    return Check("Device", "works", device.describe())


def _memory() -> Check:
    free = device.free_bytes(device.pick())
    found = f"{free / 1e9:.1f} GB free for models"
    if free < ENOUGH_MEMORY:
        return Check("Memory", "limited", found, "Close other programs; the bundled models need little.")
    return Check("Memory", "works", found)


def _models() -> Iterator[Check]:
    models = catalogue.models()
    for facts in models:
        if facts.source == "bundled":
            what = f"{facts.parameters / 1e6:.1f} M parameters, {facts.dtype} on {facts.device}"
            yield Check(facts.title, "works" if facts.is_usable else "fails", facts.why_not or what)
    if not any(facts.name == DEFAULT_MODEL for facts in models):
        advice = f"Restore engine/models/{DEFAULT_MODEL}, or make it: python app.py train {DEFAULT_MODEL}"
        yield Check("Bundled models", "fails", f"{DEFAULT_MODEL} is not here", advice)
    others = [facts for facts in models if facts.source in ("hub", "folder")]
    usable = [facts.name for facts in others if facts.is_usable]
    found = f"{len(usable)} of {len(others)} can be used" + (f": {', '.join(usable)}" if usable else "")
    advice = "" if usable else "`python app.py models` says what each one needs."
    yield Check("Other models", "works" if usable else "limited", found, advice)


def _scorer() -> Check:
    try:
        facts = catalogue.find(DEFAULT_MODEL)
    except PonderError as error:
        return Check("Process reward", "fails", str(error))
    if facts.process_reward is None:
        name = catalogue.BUNDLED_REWARD
        advice = f"Without it “auto” scores by self-evaluation. To make it: python app.py train {name}"
        return Check("Process reward", "limited", f"{name} is not here", advice)
    return Check("Process reward", "works", facts.process_reward)


def _answers() -> Check:
    """Algebra runs in a process of its own: whether one can be had, by asking it something."""
    if equality.is_equal("\\frac{1}{2}", "0.5"):
        return Check("Comparing answers", "works", "math-verify, in a process of its own")
    return Check(
        "Comparing answers",
        "limited",
        "math-verify did not answer",
        "Equal answers written differently count as different.",
    )


def _sandbox() -> Check:
    """Programs that a model writes: the level they run at, which has just withstood its self-test."""
    found = choosing.choice()
    if found.level is None:
        return Check("Programs", "limited", found.why_disabled, "Problems with tests cannot be run here.")
    if found.banner:
        return Check("Programs", "limited", found.level.title, found.banner)
    why_not = f"No better level is used: {' '.join(found.why_not_better)}" if found.why_not_better else ""
    return Check("Programs", "works", f"confined by {found.level.title}", why_not)


def _database() -> Check:
    version = f"SQLite {sqlite3.sqlite_version}"
    try:
        url, path = locate(default_url())
        store = Store()
        try:
            count = store.count()
        finally:
            store.close()
    except PonderError as error:
        return Check("History", "fails", str(error))
    kept = f"{count:,} {'run' if count == 1 else 'runs'} in "
    kept += str(path) if path else url.render_as_string(hide_password=True)
    if path and has_wal_reset_bug():
        advice = "This SQLite can damage a log written from two processes at once; Ponder keeps them apart."
        return Check("History", "works", f"{kept} ({version})", advice)
    return Check("History", "works", kept + (f" ({version})" if path else ""))
