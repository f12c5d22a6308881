"""A small model that thinks longer, over a large one that answers once, at equal arithmetic work."""

from __future__ import annotations

from collections.abc import Sequence

from engine import cost
from engine.bench.claims.cells import set_in_words
from engine.bench.claims.finding import Chart, Finding, Measuring, Row
from engine.bench.claims.outcomes import Outcome
from engine.bench.claims.plan import Plan
from engine.bench.claims.reading import (
    RAW_BLOCKS,
    Values,
    curve,
    percent,
    picked,
    points,
    rights,
    side,
    signed,
    sizes,
    tokens,
    tokens_of,
)
from engine.bench.claims.refining import drawn_until_it_passes
from engine.bench.claims.sets import ARITHMETIC, COUNTDOWN, PROGRAMS, STORY
from engine.lab.statistics import Interval

SETS = (ARITHMETIC, STORY, COUNTDOWN, PROGRAMS)
AHEAD = 2  # families


def small_longer(plan: Plan) -> Measuring:
    """The small model's samples against the large model's one greedy chain, at equal FLOPs, all work counted.

    Where the problem itself says what passes (the puzzle's rules, the shown examples) the small model draws
    until an answer does; elsewhere it votes, since the process reward is larger than the small model itself:
    its choice among fewer samples is drawn beside. Source: arXiv 2408.03314, section 7.
    """
    plan.need(plan.small, plan.large)
    rows, charts, ahead = [], [], 0
    once = [plan.greedy(sets, plan.large) for sets in SETS]
    # Without a check of its own, equal work is about a dozen votes: half a pool tells the break-even.
    samples = {ARITHMETIC: plan.samples // 2, STORY: plan.samples // 2}
    measured = yield once + [plan.pool(sets, plan.small, samples.get(sets)) for sets in SETS]
    for sets, large, pool in zip(SETS, measured, measured[len(SETS) :], strict=False):
        label, limit = set_in_words(*sets[0]), _flops(large)
        ways = _ways(sets[0][0], pool)
        # One way a family, set beforehand: never the one that happened to come out best.
        name = next(iter(ways))
        work, values, spent = _last_within(ways[name], limit)
        difference = points(values, rights(large))
        ahead += difference.value > 0
        rows.append(
            Row(
                label,
                f"{plan.small}, {name} − {plan.large} once, equal FLOPs",
                "points",
                difference,
                len(pool),
                sides=(
                    side(f"{plan.large} once", rights(large), tokens(large)),
                    side(f"{plan.small}, {name}", values, spent),
                ),
                note=f"{work / 1e9:.2f} of {limit / 1e9:.2f} GFLOPs a problem; "
                + _break_even(ways[name], percent(rights(large)).value, limit),
            )
        )
        charts.append(
            Chart(
                f"small-longer-{sets[0][0]}",
                f"{plan.small} thinking longer, {plan.large} once: {label}",
                "GFLOPs spent a problem, scorer's included",
                "problems solved, %",
                (
                    curve(f"{plan.large}, once", [limit / 1e9], [rights(large)], is_line=False),
                    *(
                        curve(
                            f"{plan.small}, {one}",
                            [point[0] / 1e9 for point in way],
                            [point[1] for point in way],
                        )
                        for one, way in ways.items()
                    ),
                ),
                is_log_x=True,
                raw_is=RAW_BLOCKS,
            )
        )
    surely = sum(row.found.low > 0 for row in rows)
    count = Interval(float(ahead), float(min(surely, ahead)), float(sum(row.found.high > 0 for row in rows)))
    rows.append(
        Row(
            "families",
            f"where {plan.small} is ahead at equal FLOPs",
            "of 4",
            count,
            len(rows),
            float(AHEAD),
            note="the range: families whose whole interval is above 0, and whose interval reaches above it",
        )
    )
    said = "; ".join(f"{row.label.split(',')[0]} {signed(row.found)}" for row in rows[:-1])
    return Finding(
        tuple(rows),
        tuple(charts),
        f"At equal FLOPs {plan.small} is ahead of {plan.large} on {ahead} of 4 families (points: {said}).",
    )


Way = list[tuple[float, Values, float]]
"""(mean FLOPs a problem, success by problem, mean tokens a problem), rising."""


def _ways(task: str, pool: Sequence[Outcome]) -> dict[str, Way]:
    """Ways to use the pool's samples, the one that is spoken of first."""
    ways: dict[str, Way] = {}
    most = min(len(one.drafts) for one in pool)
    if task in ("countdown", "programs"):
        way = []
        for n in range(1, most + 1):
            found, spent = drawn_until_it_passes(pool, n)
            mean = sum(spent) / len(spent)
            way.append((_work(pool, mean), found, mean))
        ways["drawing until the check passes"] = way
    counts = sizes(pool)
    votes = [tokens_of(pool, n, is_scored=False) for n in counts]
    ways["self_consistency"] = [
        (_work(pool, spent), picked(pool, "majority", n), spent)
        for n, spent in zip(counts, votes, strict=True)
    ]
    if any(one.scorer_tokens for one in pool):
        ways["best_of_n, process reward"] = [
            (
                _work(pool, spent) + _judging(pool, n),
                picked(pool, "best", n),
                tokens_of(pool, n, is_scored=True),
            )
            for n, spent in zip(counts, votes, strict=True)
        ]
    return ways


def _flops(outcomes: Sequence[Outcome]) -> float:
    """Mean FLOPs a problem."""
    return sum(one.flops for one in outcomes) / len(outcomes)


def _work(pool: Sequence[Outcome], generated: float) -> float:
    """Mean FLOPs of reading the prompt once and writing so many tokens."""
    prompt = sum(one.prompt_tokens for one in pool) / len(pool)
    return cost.flops(prompt + generated, pool[0].parameters)


def _judging(pool: Sequence[Outcome], n: int) -> float:
    """Mean FLOPs of the scorer for n of the samples."""
    own = [one.flops - cost.flops(one.prompt_tokens + one.generated_tokens, one.parameters) for one in pool]
    return sum(flops * n / len(one.drafts) for flops, one in zip(own, pool, strict=True)) / len(pool)


def _last_within(way: Way, limit: float) -> tuple[float, Values, float]:
    """The most work that is not above the limit; the least there is, where all is above."""
    return max((point for point in way if point[0] <= limit), key=lambda point: point[0], default=way[0])


def _break_even(way: Way, solved: float, limit: float) -> str:
    """Where the small model draws level, as a share of the large one's work."""
    for flops, values, _ in way:
        if percent(values).value >= solved:
            return f"level from {flops / limit:.2f} times the large model's FLOPs on"
    return f"not level within {way[-1][0] / limit:.1f} times the large model's FLOPs"
