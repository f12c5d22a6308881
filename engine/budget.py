"""What a run may spend: any subset of tokens, seconds, FLOPs and dollars, each a hard limit.

Knows limits and what is left of them. Does not know who spends; the scheduler asks before every decode
step and every scoring call how many tokens may still be spent.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from engine.errors import BadInput

MAX_TOKENS_LIMIT = 10_000_000
MAX_SECONDS_LIMIT = 24 * 3600.0


class BudgetExhausted(Exception):
    """Thrown into a strategy at its `yield` when its run can spend no more.

    Uncaught, it means: answer with the best so far.
    """


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one run; None means no limit of that kind.

    Tokens are generated (kept, pruned and discarded) plus the scorer's; the prompt is free.
    Raises BadInput for anything that is not a positive finite number within range.
    """

    max_tokens: int | None = None
    max_seconds: float | None = None
    max_flops: float | None = None
    max_usd: float | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is None:
                continue
            words = name.removeprefix("max_")
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            # Comparing fails NaN, and never overflows as isfinite does on a whole number of 400 digits.
            if not is_number or not -1e300 < value < 1e300:
                raise BadInput(f"The budget in {words} must be a number, not {str(value)[:40]}.")
            if value <= 0:
                raise BadInput(f"The budget in {words} must be more than 0, not {value:g}.")
        if self.max_tokens is not None:
            if self.max_tokens != int(self.max_tokens):
                raise BadInput(f"The budget in tokens must be a whole number, not {self.max_tokens:g}.")
            if self.max_tokens > MAX_TOKENS_LIMIT:
                raise BadInput(f"The budget in tokens must be at most {MAX_TOKENS_LIMIT:,}.")
        if self.max_seconds is not None and self.max_seconds > MAX_SECONDS_LIMIT:
            raise BadInput(f"The budget in seconds must be at most {MAX_SECONDS_LIMIT:,.0f} (one day).")

    def tokens_left(self, spent_tokens: int) -> float:
        """Tokens that may still be spent by the token limit alone; inf where there is none."""
        return math.inf if self.max_tokens is None else max(0, self.max_tokens - spent_tokens)
