"""Searching: step by step under a judge, over whole answers, at equal tokens."""

from __future__ import annotations

from engine.bench.claims.cells import Cell, set_in_words
from engine.bench.claims.finding import Chart, Finding, Measuring, Row
from engine.bench.claims.outcomes import REWARD
from engine.bench.claims.plan import Plan
from engine.bench.claims.reading import RAW_BLOCKS, curve, points, rights, side, signed, tokens
from engine.bench.claims.sets import COUNTDOWN_4_5

NAMES = ("best_of_n", "beam_search", "mcts")
BUDGETS = (500, 1000, 2000)
SPOKEN_OF = 1000  # the budget of the claim
TOKENS_A_BEAM = 450  # four steps, four tries at each, each written once and read once
TARGET = 15.0
WEAK = "confidence"
WEAK_TOKENS = 2000
WEAK_BEAMS = (2, 8)  # narrow, and as wide as those tokens carry through all steps
BATCH = 4  # chains before each scoring: with few tokens, more would be written than could be scored
PARALLEL = 4  # rollouts at once: with few tokens, each should know of those before it


def searching(plan: Plan) -> Measuring:
    """best_of_n, beam_search and mcts under the same budgets, the scorer's tokens included.

    Source: arXiv 2408.03314, section 5. There a search loses where its verifier is weak: beams that the
    model's own confidence guides, narrow and wide, are rows of their own.
    """
    plan.need()
    plan.need_reward()
    cells = {(name, budget): _cell(plan, name, budget) for budget in BUDGETS for name in NAMES}
    weak = [
        plan.cell("best_of_n", COUNTDOWN_4_5, max_tokens=WEAK_TOKENS, n=256, batch=BATCH, scorer=WEAK),
        *(
            plan.cell("beam_search", COUNTDOWN_4_5, max_tokens=WEAK_TOKENS, beams=beams, width=4, scorer=WEAK)
            for beams in WEAK_BEAMS
        ),
    ]
    measured = yield [*cells.values(), *weak]
    found = dict(zip(cells, measured, strict=False))
    sampled, *searched = measured[len(cells) :]
    label = set_in_words(*COUNTDOWN_4_5[0])
    rows = [
        Row(
            label,
            f"{name} − best_of_n, {budget:,} tokens",
            "points",
            points(rights(found[name, budget]), rights(found["best_of_n", budget])),
            len(found[name, budget]),
            TARGET if budget == SPOKEN_OF else None,
            sides=tuple(
                side(one, rights(found[one, budget]), tokens(found[one, budget]))
                for one in ("best_of_n", name)
            ),
        )
        for budget in sorted(BUDGETS, key=lambda budget: budget != SPOKEN_OF)
        for name in ("beam_search", "mcts")
    ]
    rows += [
        Row(
            label,
            f"beam_search {beams} × 4 − best_of_n, guided by {WEAK}, {WEAK_TOKENS:,} tokens",
            "points",
            points(rights(outcomes), rights(sampled)),
            len(outcomes),
            sides=(
                side("best_of_n", rights(sampled), tokens(sampled)),
                side(f"beam_search {beams} × 4", rights(outcomes), tokens(outcomes)),
            ),
            note="a weak scorer: the model's own likelihood, which is no judge of what can still be reached",
        )
        for beams, outcomes in zip(WEAK_BEAMS, searched, strict=True)
    ]
    spent = {key: tokens(outcomes) for key, outcomes in found.items()}
    chart = Chart(
        "searching",
        f"Searching over sampling: {label}",
        "tokens spent a problem, scorer's included",
        "problems solved, %",
        tuple(
            curve(name, [round(spent[name, b]) for b in BUDGETS], [rights(found[name, b]) for b in BUDGETS])
            for name in NAMES
        ),
        is_log_x=True,
        raw_is=RAW_BLOCKS,
    )
    said = " and ".join(f"{row.measure.split()[0]} {signed(row.found)}" for row in rows[:2])
    return Finding(
        tuple(rows),
        (chart,),
        f"At {SPOKEN_OF:,} tokens a problem, scorer's included, over best_of_n: {said} points; with the "
        f"model's own confidence as the guide, {signed(rows[-2].found)} with {WEAK_BEAMS[0]} beams and "
        f"{signed(rows[-1].found)} with {WEAK_BEAMS[1]}.",
    )


def _cell(plan: Plan, name: str, budget: int) -> Cell:
    match name:
        case "best_of_n":
            return plan.cell(name, COUNTDOWN_4_5, max_tokens=budget, n=256, batch=BATCH, scorer=REWARD)
        case "beam_search":
            beams = max(1, budget // TOKENS_A_BEAM)  # as many as the budget carries through all steps
            return plan.cell(name, COUNTDOWN_4_5, max_tokens=budget, beams=beams, width=4, scorer=REWARD)
        case _:
            return plan.cell(
                name, COUNTDOWN_4_5, max_tokens=budget, rollouts=4096, parallel=PARALLEL, scorer=REWARD
            )
