"""What one run has spent and may still spend, in tokens, FLOPs, dollars and seconds.

Knows limits, prices and the sizes of the models. Does not know requests or trees; the run asks it before
every wave of branches, before every decode step and before every scoring call.
"""

from __future__ import annotations

import math
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from engine import cost
from engine.backends.protocol import Chunk
from engine.budget import Budget
from engine.requests import Stop
from engine.runs import Usage

TEMPLATE_TOKENS = 64  # what a chat template may add round a prompt; an upper bound for reserving FLOPs


@dataclass(slots=True)
class Ledger:
    """The running account of one run. `clock` gives seconds since the run's start."""

    budget: Budget
    usage: Usage
    parameters: int  # of the generating model
    prices: cost.Prices
    clock: Callable[[], float]
    last_call_seconds: float = 0.0  # how long the last decode step or scoring call took
    last_call_usd: float = 0.0
    longest: dict[Stop, int] = field(default_factory=dict)  # longest branch so far that ended by itself

    def tokens_left(self, unread_characters: int = 0, parameters: int | None = None) -> float:
        """Tokens that may still be spent under every limit; 0 once time is over; inf without limits.

        `parameters` is the size of the model that would spend them, the generating one by default.
        `unread_characters` of prompt are still to be read: prompts are free in tokens but not in FLOPs or
        dollars, so an upper bound for them, one token a character, is set aside.
        """
        budget, usage = self.budget, self.usage
        parameters = self.parameters if parameters is None else parameters
        prompt_tokens = unread_characters + TEMPLATE_TOKENS if unread_characters else 0
        left = budget.tokens_left(usage.spent_tokens)
        if budget.max_flops is not None:
            left_flops = budget.max_flops - usage.flops - cost.flops(prompt_tokens, self.parameters)
            if left_flops <= 0:
                return 0
            if parameters:
                left = min(left, left_flops / cost.flops(1, parameters))
        if budget.max_usd is not None:
            left_usd = budget.max_usd - usage.usd - prompt_tokens * self.prices.usd_per_prompt_token
            # The next call is taken to cost and to last as much as the last one.
            if left_usd < self.last_call_usd:
                return 0
            if self.prices.usd_per_token:
                left = min(left, left_usd / self.prices.usd_per_token)
        if not self.has_time():
            return 0
        return left if math.isinf(left) else max(0, math.floor(left))

    def charge(self, chunk: Chunk) -> None:
        """Book what one decode step gave one branch."""
        usage = self.usage
        usage.prompt_tokens += chunk.prompt_tokens
        usage.generated_tokens += len(chunk.pieces)
        usage.discarded_tokens += chunk.discarded_tokens
        tokens = chunk.prompt_tokens + len(chunk.pieces) + chunk.discarded_tokens
        usage.flops += cost.flops(tokens, self.parameters)
        if chunk.pieces and usage.first_token_seconds is None:
            usage.first_token_seconds = self.clock()
        self._price()

    def charge_step(self, seconds: float, whole_seconds: float) -> None:
        """Book this run's share of a decode step, and how long the step took as a whole."""
        self.usage.generating_seconds += seconds
        self._called(seconds, whole_seconds)

    def charge_scoring(
        self, tokens: int, scorer_parameters: int, seconds: float, whole_seconds: float
    ) -> None:
        """Book what a scorer read for this run, and its share of the call's time."""
        self.usage.scorer_tokens += tokens
        self.usage.flops += cost.flops(tokens, scorer_parameters)
        self.usage.scoring_seconds += seconds
        self._called(seconds, whole_seconds)

    def charge_checking(self, seconds: float) -> None:
        """Book what running a run's checks took."""
        self.usage.executing_seconds += seconds

    def has_time(self) -> bool:
        """Whether a call as long as the last one still ends within the limit in seconds."""
        limit = self.budget.max_seconds
        return limit is None or self.clock() + self.last_call_seconds <= limit

    def wave(self, stop: Stop, limit: int, wanted: int, unread_characters: int = 0) -> tuple[int, int]:
        """How many of `wanted` branches to start together, and the tokens each may spend: (count, cap).

        count × cap never exceeds what is left, so a wave cannot overspend whatever order its branches run
        in, and a tree does not depend on what shares the batch. Where all cannot be sure to end, fewer are
        started, each with room for a typical branch: a few finished chains are worth more than many cut
        ones. (0, 0) when nothing is left. `limit` is the model's own limit for one branch.
        """
        left = self.tokens_left(unread_characters)
        if left < 1:
            return 0, 0
        if math.isinf(left):
            return wanted, limit
        longest = self.longest.get(stop)
        # Half as much again as the longest seen; before any was seen, half the limit.
        typical = limit // 2 if longest is None else longest * 3 // 2
        room = max(1, min(limit, typical))
        count = max(1, min(wanted, int(left) // room))
        return count, min(limit, int(left) // count)

    def ended(self, stop: Stop, tokens: int) -> None:
        """Remember the length of a branch that ended by itself."""
        self.longest[stop] = max(tokens, self.longest.get(stop, 0))

    def _called(self, seconds: float, whole_seconds: float) -> None:
        before = self.usage.usd
        self.last_call_seconds = whole_seconds
        self._price()
        self.last_call_usd = self.usage.usd - before

    def _price(self) -> None:
        usage = self.usage
        device_seconds = usage.generating_seconds + usage.scoring_seconds
        usage.usd = self.prices.usd(device_seconds, usage.prompt_tokens, usage.spent_tokens)


def limits_in_words(budget: Budget) -> str:
    """The budget's limits in words, for example "1,000 tokens"."""
    limits = [
        (budget.max_tokens, "{:,.0f} tokens"),
        (budget.max_seconds, "{:,.4g} seconds"),
        (budget.max_flops, "{:.3g} FLOPs"),
        (budget.max_usd, "{:.3g} dollars"),
    ]
    return " and ".join(words.format(limit) for limit, words in limits if limit is not None)


def peak_memory_bytes() -> int:
    """Peak resident memory of this process, all runs and models together."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
