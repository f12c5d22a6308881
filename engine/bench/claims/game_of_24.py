"""The Game of 24, which no bundled model was ever trained on."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bench.claims.cells import Cell
from engine.bench.claims.finding import Chart, Finding, Measuring, Point, Row, Series
from engine.bench.claims.outcomes import REWARD, Outcome
from engine.bench.claims.plan import Plan
from engine.bench.claims.reading import (
    RAW_BLOCKS,
    curve,
    percent,
    picked,
    rights,
    side,
    sizes,
    tokens,
    tokens_of,
)
from engine.bench.claims.refining import drawn_until_it_passes
from engine.bench.claims.sets import PUZZLES

BUDGET = 4000
TEMPERATURE = 1.1  # so many tokens want variety: set on puzzles for other targets that may be trained on
TARGET = 95.0
LED, RULED = "mcts, process reward", "mcts, the puzzle's rules"
PUBLISHED = "Tree of Thoughts with GPT-4: 74 %; chain of thought: 4 % (arXiv 2305.10601, table 2)"
WITHIN = (50, 100, 200, 400, 700, 1000, 1500, 2000, 3000, BUDGET)


def game_of_24(plan: Plan) -> Measuring:
    """Puzzles of four numbers of 1 to 13 that whole numbers solve: all but 16 of the 1,362 published ones.

    mcts is led by the process reward and ends once it is sure of an answer; the same with the puzzle's own
    rules as the judge of finished answers stands beside it, and so do samples, chosen by either. Source:
    arXiv 2305.10601, section 4.1, which took 100 of the harder ones.
    """
    plan.need()
    searches = {RULED: _mcts(plan, "verifier")}
    if plan.has_reward:
        searches[LED] = _mcts(plan, REWARD)
    greedy, pool, *measured = yield [plan.greedy(PUZZLES), plan.pool(PUZZLES), *searches.values()]
    found = dict(reversed(list(zip(searches, measured, strict=True))))
    rows = [
        Row(
            "Game of 24",
            f"{name}, {BUDGET:,} tokens at most",
            "%",
            percent(rights(outcomes)),
            len(outcomes),
            TARGET if name == LED else None,
            sides=(side(name, rights(outcomes), tokens(outcomes)),),
            note=PUBLISHED if name == LED else "",
        )
        for name, outcomes in found.items()
    ]
    counts = sizes(pool)
    drawn, costs = drawn_until_it_passes(pool, counts[-1])
    baselines = {
        "chain_of_thought, greedy": (rights(greedy), tokens(greedy)),
        f"up to {counts[-1]} samples, until the puzzle's rules are kept": (drawn, sum(costs) / len(costs)),
    }
    if plan.has_reward:
        spent = tokens_of(pool, counts[-1], is_scored=True)
        baselines[f"best_of_n {counts[-1]}, process reward"] = (picked(pool, "best", counts[-1]), spent)
    rows += [
        Row("Game of 24", name, "%", percent(values), len(values), sides=(side(name, values, spent),))
        for name, (values, spent) in baselines.items()
    ]
    series = [Series(name, _solved_within(outcomes), _runs(outcomes)) for name, outcomes in found.items()]
    redrawn = [drawn_until_it_passes(pool, n) for n in counts]
    series.append(
        curve(
            "samples until the rules are kept",
            [round(sum(each) / len(each), 1) for _, each in redrawn],
            [values for values, _ in redrawn],
            is_dashed=True,
        )
    )
    if plan.has_reward:
        spent_by = [round(tokens_of(pool, n, is_scored=True), 1) for n in counts]
        chosen = [picked(pool, "best", n) for n in counts]
        series.append(curve("best_of_n, process reward", spent_by, chosen, is_dashed=True))
    series.append(curve("chain_of_thought", [round(tokens(greedy), 1)], [rights(greedy)], is_line=False))
    chart = Chart(
        "game-of-24",
        "The Game of 24: what so many tokens solve",
        "tokens spent a problem, scorer's included",
        "problems solved, %",
        tuple(series),
        is_log_x=True,
        raw_is=f"{RAW_BLOCKS}; of a search, a run: at the top solved, at the bottom not",
    )
    best = rows[0]
    without = "" if plan.has_reward else " (the process reward is not here: the puzzle's own rules judge)"
    return Finding(
        tuple(rows),
        (chart,),
        f"mcts solves {best.found.value:.1f} % ({best.found.low:.1f} to {best.found.high:.1f}) of "
        f"{best.problems} puzzles within {BUDGET:,} tokens{without}; {PUBLISHED}.",
    )


def _mcts(plan: Plan, scorer: str) -> Cell:
    return plan.cell(
        "mcts", PUZZLES, max_tokens=BUDGET, rollouts=4096, temperature=TEMPERATURE, scorer=scorer
    )


def _solved_within(outcomes: Sequence[Outcome]) -> tuple[Point, ...]:
    """The share solved by runs that had ended within so many tokens."""
    made = []
    for limit in WITHIN:
        solved = percent([float(one.is_right and one.spent_tokens <= limit) for one in outcomes])
        made.append(Point(limit, solved.value, solved.low, solved.high))
    return tuple(made)


def _runs(outcomes: Sequence[Outcome]) -> tuple[tuple[float | str, float], ...]:
    """Every run: its tokens, and 100 where it was right."""
    return tuple((float(one.spent_tokens), 100.0 * one.is_right) for one in outcomes)
