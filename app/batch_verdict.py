"""What a batch came to, in plain words.

Knows when to be silent: before the end, and below a minimum of problems. "Within noise" is said where a
paired test, adjusted for how many pairs of lanes there are, finds no difference at the full budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from app import compare_names
from app.batch_driver import Progress
from app.batch_outcomes import Outcome
from app.compare_names import listed
from app.compare_results import rows
from app.compare_verdict import Verdict
from engine.lab import statistics
from engine.lab.statistics import LEVEL, MIN_PAIRS, Paired

ALPHA = 1 - LEVEL


@dataclass(frozen=True, slots=True)
class Pair:
    """Two lanes over the same problems; interval and `p_value` are adjusted for how many pairs there are."""

    first: int
    second: int
    found: Paired
    p_value: float

    @property
    def is_clear(self) -> bool:
        return self.p_value < ALPHA


def pairs(complete: Sequence[Sequence[Outcome]], lanes: int) -> list[Pair]:
    """Every pair of lanes at one part of the budget; `complete` has one outcome a lane for each problem."""
    wanted = list(combinations(range(lanes), 2))
    if not complete or not wanted:
        return []
    solved = [[bool(row[lane].is_correct) for row in complete] for lane in range(lanes)]
    found = [statistics.paired(solved[a], solved[b], 1 - ALPHA / len(wanted)) for a, b in wanted]
    adjusted = statistics.holm([one.p_value for one in found])
    return [Pair(a, b, one, p) for (a, b), one, p in zip(wanted, found, adjusted, strict=True)]


def of_batch(progress: Progress) -> Verdict:
    """What a batch came to at its full budget."""
    plan = progress.plan
    complete = list(rows(plan, progress.outcomes, len(plan.parts) - 1).values())
    failed = sum(one.is_failed for one in progress.outcomes)
    left_out = ""
    if failed:
        left_out = (
            "1 run failed and is left out." if failed == 1 else f"{failed} runs failed and are left out."
        )
    done, asked = len(complete), len(plan.problems)
    if progress.state == "running":
        return Verdict(
            "No verdict while it runs: looking early makes chance look like a difference.",
            left_out,
            is_refused=True,
        )
    if done < MIN_PAIRS:
        return Verdict(
            f"No verdict: {done} of {asked} problems are complete, and it takes at least {MIN_PAIRS}.",
            left_out,
            is_refused=True,
        )
    stopped = f"It stopped after {done} of {asked} problems." if done < asked else ""
    if len(plan.lanes) < 2:
        return Verdict("One lane has nothing to be compared with.", " ".join([left_out, stopped]).strip())
    called = compare_names.names(plan.lanes)
    verdict = _decide(complete, called)
    return Verdict(
        verdict.headline,
        verdict.rest,
        " ".join(filter(None, [verdict.caution, stopped, left_out])),
        is_noise=verdict.is_noise,
    )


def _decide(complete: Sequence[Sequence[Outcome]], called: Sequence[str]) -> Verdict:
    every = pairs(complete, len(called))
    solved = [sum(bool(row[lane].is_correct) for row in complete) for lane in range(len(called))]
    best = max(range(len(called)), key=lambda lane: solved[lane])
    against = [_seen_from(best, pair) for pair in every if best in (pair.first, pair.second)]
    beaten = [pair for pair in against if pair.is_clear]
    level = [pair for pair in against if not pair.is_clear]
    n = len(complete)
    if not level:
        others = "the other lanes" if len(beaten) > 1 else called[beaten[0].second]
        headline = f"{called[best]} beats {others}"
        headline += f" by {_points(beaten[0])} ({_range(beaten[0], n)})." if len(beaten) == 1 else "."
        rest = [] if len(beaten) == 1 else [_beats(pair, called, n) for pair in beaten]
    else:
        same = listed([called[best], *(called[pair.second] for pair in level)])
        headline = f"Within noise: {same} cannot be told apart on these {n} problems."
        rest = [_level(pair, called) for pair in level] + [_beats(pair, called, n) for pair in beaten]
        rest += [_cheaper(complete, pair, called) for pair in level]
    unsure = level or beaten  # what was not told apart is what one would like to know more of
    discordant = max(pair.found.only_first + pair.found.only_second for pair in unsure) / n
    shown = statistics.smallest_difference(n, discordant, 1 - ALPHA / len(every))
    caution = f"Smallest difference that {n} problems like these would show: about {shown * 100:.0f} points."
    return Verdict(headline, "\n".join(filter(None, rest)), caution, is_noise=bool(level))


def _seen_from(best: int, pair: Pair) -> Pair:
    """The pair with the best lane first."""
    if pair.first == best:
        return pair
    one, gap = pair.found, pair.found.difference
    turned = statistics.Interval(-gap.value, -gap.high, -gap.low)
    return Pair(
        best,
        pair.first,
        Paired(one.pairs, one.only_second, one.only_first, turned, one.p_value),
        pair.p_value,
    )


def _points(pair: Pair) -> str:
    points = round(pair.found.difference.value * 100)
    return f"{points} point{'' if points == 1 else 's'}"


def _range(pair: Pair, n: int) -> str:
    gap = pair.found.difference
    return f"{_signed(gap.low)} to {_signed(gap.high)}, paired, {n} problems, {_p(pair.p_value)}"


def _signed(value: float) -> str:
    points = round(value * 100)
    return f"−{-points}" if points < 0 else str(points)


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def _beats(pair: Pair, called: Sequence[str], n: int) -> str:
    return f"{called[pair.first]} beats {called[pair.second]} by {_points(pair)} ({_range(pair, n)})."


def _level(pair: Pair, called: Sequence[str]) -> str:
    one, other = called[pair.first], called[pair.second]
    found = pair.found
    if found.only_first == found.only_second == 0:
        return f"{one} and {other} solved exactly the same problems."
    return (
        f"{one} alone solved {found.only_first}, {other} alone {found.only_second}; the difference lies "
        f"between {_signed(found.difference.low)} and {_signed(found.difference.high)} points "
        f"({_p(pair.p_value)})."
    )


def _cheaper(complete: Sequence[Sequence[Outcome]], pair: Pair, called: Sequence[str]) -> str:
    """Where two are level, which of them spends clearly less."""
    spent = [[float(row[lane].tokens) for row in complete] for lane in (pair.first, pair.second)]
    gap = statistics.mean_difference(spent[0], spent[1])
    if gap.low <= 0 <= gap.high:
        return ""
    less, more = (pair.first, pair.second) if gap.value < 0 else (pair.second, pair.first)
    means = {
        lane: sum(values) / len(values) for lane, values in zip((pair.first, pair.second), spent, strict=True)
    }
    return f"{called[less]} spends less: {means[less]:,.0f} tokens a problem against {means[more]:,.0f}."
