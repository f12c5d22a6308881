"""What the System page shows that may change while it is open: the doctor's table, models, limits and prices.

Asks doctor, catalogue and service. Gives plain values for the browser. Does not know how they are drawn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app import doctor, tiers
from app.exchange import reading
from app.service import Service
from engine import active_run, budget, scheduler, waiting_lines
from engine.errors import BadInput
from engine.models import catalogue, device, loading
from engine.models.device import Device
from engine.price_book import DEFAULT, DEVICES, UNITS, PriceBook
from engine.strategies import STRATEGIES
from engine.tasks import MAX_PROBLEM_CHARACTERS
from storage.store import PURGE_AFTER_DAYS

KEPT_SECONDS = 300.0
QUEUE_SIZE = 64  # events that wait in Gradio's queue before it says that it is busy


@dataclass(slots=True)
class _Kept:
    found: list[dict[str, str]] | None = None
    at: float = 0.0


_kept, _looking = _Kept(), threading.Lock()


def checks(*, is_again: bool = False) -> list[dict[str, str]]:
    """The doctor's table: part, verdict ("works", "limited" or "fails"), what was found, advice.

    It tries each part out, so what was found is kept for five minutes, unless one looks again.
    """
    with _looking:
        now = time.monotonic()
        if is_again or _kept.found is None or now - _kept.at > KEPT_SECONDS:
            _kept.found = [asdict(one) for one in doctor.checks()]
            _kept.at = now
        return _kept.found


def models() -> list[dict[str, Any]]:
    """Every model of the menu: size, whether it fits into the memory that is free now, and what judges it."""
    return [_model(facts) for facts in catalogue.models()]


def _model(facts: catalogue.ModelFacts) -> dict[str, Any]:
    where = Device(facts.device, facts.dtype)
    fit = ""
    if facts.parameters and facts.dtype in device.BYTES:
        needed, free = loading.needed_bytes(facts.parameters, where), device.free_bytes(where)
        fit = f"needs about {in_bytes(needed)} of {in_bytes(free)} free"
    return {
        "name": facts.name,
        "title": facts.title,
        "source": facts.source,
        "parameters": in_count(facts.parameters) if facts.parameters else "–",
        "size": in_bytes(facts.size_bytes) if facts.size_bytes else "–",
        "place": f"{facts.device}, {facts.dtype}" if facts.parameters else facts.device,
        "fit": fit,
        "is_usable": facts.is_usable,
        "why_not": facts.why_not or "",
        "note": facts.note,
        "judge": facts.process_reward or "",
    }


def measured(model: str) -> dict[str, Any]:
    """What the quality tiers of a model were chosen from, the cheapest first; or why there is nothing."""
    found = tiers.tiers_of(model)
    if isinstance(found, str):
        return {"rows": [], "why": found}
    named = {id(tier): tiers.TITLES[name] for name, tier in found.tiers.items()}
    rows = [
        {
            "title": STRATEGIES[one.strategy].title,
            "params": ", ".join(f"{name} {value}" for name, value in one.params.items()),
            "solves": f"{one.accuracy.value:.0%}",
            "interval": f"{one.accuracy.low:.0%} to {one.accuracy.high:.0%}",
            "mean": f"{one.tokens.mean:,.0f}",
            "p95": f"{one.tokens.p95:,.0f}",
            "most": f"{one.max_tokens:,}",
            "tier": named.get(id(one), ""),
        }
        for one in sorted(found.candidates, key=lambda one: one.tokens.mean)
    ]
    return {"rows": rows, "why": f"{model}, {found.problems} problems, measured {found.made_at[:10]}."}


def limits() -> list[tuple[str, str]]:
    """What nobody can exceed, and its value."""
    return [
        ("Characters in a problem", f"{MAX_PROBLEM_CHARACTERS:,}"),
        ("Tokens in a budget", f"{budget.MAX_TOKENS_LIMIT:,}"),
        ("Seconds in a budget", f"{budget.MAX_SECONDS_LIMIT:,.0f} (one day)"),
        ("Runs that go on at once", f"{waiting_lines.MAX_ACTIVE_RUNS}, and one more for each newcomer"),
        ("Requests that wait before the server says it is busy", f"{QUEUE_SIZE}"),
        ("Runs of one person that wait", f"{scheduler.MAX_WAITING_RUNS:,}"),
        ("Models in memory at once", f"{scheduler.MAX_LOADED_MODELS}; the least recently used leaves first"),
        ("Requests of a strategy that ask for nothing", f"{active_run.MAX_EMPTY_REQUESTS:,} in a row"),
        (
            "Size of an imported file",
            f"{in_bytes(reading.MAX_BYTES)}, with {reading.MAX_RUNS:,} runs at most",
        ),
        ("Days in which a deleted run can be brought back", f"{PURGE_AFTER_DAYS}"),
    ]


def prices(service: Service) -> dict[str, Any]:
    """The price book as a person types it: by device and unit, with what each price is for."""
    return {
        "prices": {
            kind: {
                name: in_dollars(getattr(service.price_book.for_device(kind), name) * per)
                for name, (_, per) in UNITS.items()
            }
            for kind in DEVICES
        },
        "is_usual": service.price_book == DEFAULT,
    }


def change_price(service: Service, asked: Mapping[str, Any]) -> PriceBook:
    """Change the one price that is asked for, or take all back. Raises BadInput, StorageError."""
    if asked.get("action") == "usual":
        service.set_price_book(DEFAULT)
    else:
        typed = asked.get("typed")
        if not isinstance(typed, str):
            raise BadInput("Type a number of dollars, such as 0.10.")
        if "," in typed:  # for some it parts the cents, for others the thousands
            raise BadInput(
                f"The price is written with a point and no comma, such as 0.10, not “{typed.strip()[:40]}”."
            )
        book = service.price_book.with_price(str(asked.get("device")), str(asked.get("name")), typed)
        service.set_price_book(book)
    return service.price_book


def in_dollars(usd: float) -> str:
    """Dollars as one types them: two places at least, and no more than there are."""
    text = f"{usd:.6f}".rstrip("0")
    whole, _, places = text.partition(".")
    return f"{whole}.{places.ljust(2, '0')}"


def in_count(number: int) -> str:
    """A count in millions or billions."""
    return f"{number / 1e9:.1f} B" if number >= 1e9 else f"{number / 1e6:.1f} M"


def in_bytes(count: float) -> str:
    """Bytes in MB or GB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
