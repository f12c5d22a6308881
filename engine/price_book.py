"""What an hour of each kind of device costs, and a token: by this, seconds and tokens become dollars.

Knows prices by device and how to check what a person typed. Does not know runs, nor where it is kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from engine.cost import CPU_PRICES, GPU_PRICES, Prices
from engine.errors import BadInput

DEVICES = {"cpu": "Processor", "cuda": "NVIDIA or AMD GPU", "mps": "Apple GPU"}
UNITS = {  # of Prices: what it is a price for, and how many of its unit a person is asked the price of
    "usd_per_device_hour": ("an hour of the device", 1),
    "usd_per_prompt_token": ("a million prompt tokens", 1_000_000),
    "usd_per_token": ("a million other tokens", 1_000_000),
}
MOST_USD = 1_000_000.0


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Prices by kind of device, in dollars."""

    devices: Mapping[str, Prices]

    def for_device(self, device: str) -> Prices:
        """The prices of a device such as "cpu" or "cuda:0"; the processor's where it is none of these."""
        return self.devices.get(device.partition(":")[0], self.devices["cpu"])

    def with_price(self, device: str, name: str, typed: str) -> PriceBook:
        """The book with one price changed, typed in dollars for the unit that `UNITS` says.

        Raises BadInput with one sentence.
        """
        if device not in DEVICES or name not in UNITS:
            raise BadInput(f"There is no price “{name}” of “{device}”.")
        words, per = UNITS[name]
        usd = _dollars(typed, words)
        known = asdict(self.devices[device]) | {name: usd / per}
        return PriceBook({**self.devices, device: Prices(**known)})

    def as_json(self) -> dict[str, Any]:
        """Plain values, to be kept."""
        return {device: asdict(prices) for device, prices in self.devices.items()}


DEFAULT = PriceBook({"cpu": CPU_PRICES, "cuda": GPU_PRICES, "mps": CPU_PRICES})


def from_json(kept: object) -> PriceBook:
    """A book that was kept; what is missing or unreadable in it has its default."""
    devices = dict(DEFAULT.devices)
    for device, prices in kept.items() if isinstance(kept, dict) else ():
        if device in devices and isinstance(prices, dict):
            known = asdict(devices[device])
            good = {name: usd for name, usd in prices.items() if name in known and _is_price(usd)}
            devices[device] = Prices(**(known | good))
    return PriceBook(devices)


def _dollars(typed: str, words: str) -> float:
    text = typed.strip().removeprefix("$").strip().replace(",", "")
    try:
        usd = float(text)
    except ValueError:
        what = f"“{typed.strip()[:40]}”" if text else "nothing"
        raise BadInput(
            f"The price for {words} must be a number of dollars, such as 0.10, not {what}."
        ) from None
    if not _is_price(usd):
        raise BadInput(f"The price for {words} must be from 0 to {MOST_USD:,.0f} dollars.")
    return usd


def _is_price(usd: object) -> bool:
    return (
        isinstance(usd, int | float)
        and not isinstance(usd, bool)
        and math.isfinite(usd)
        and 0 <= usd <= MOST_USD
    )
