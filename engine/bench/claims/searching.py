"""Searching: step by step under a judge, over whole answers, at equal tokens."""

from __future__ import annotations

from engine.bench.claims.cells import Cell, set_in_words
from engine.bench.claims.finding import Chart, Finding, Measuring, Row
from engine.bench.claims.outcomes import REWARD
from engine.bench.claims.plan import Plan
from engine.bench.claims.reading import RAW_BLOCKS, curve, points, rights, side, signed, tokens
from engine.bench.claims.sets import COUNTDOWN_4_5

NAMES = ("beam_search", "mcts")
LIMITS = (750, 1500, 3000)  # tokens at most
SPOKEN_OF = 1500  # the limit of the claim
TOKENS_A_BEAM = 450  # four steps, four tries at each, each written once and read once
WIDTH = 4  # next steps tried: set, like the limits, on problems that may be trained on
TARGET = 15.0
WEAK = "confidence"
WEAK_TOKENS = 2000
WEAK_BEAMS = (2, 8)  # narrow, and as wide as those tokens carry through all steps
BATCH = 4  # chains before each scoring: with few tokens, more would be written than could be scored
PARALLEL = 4  # rollouts at once: with few tokens, each should know of those before it


def searching(plan: Plan) -> Measuring:
    """beam_search and mcts over best_of_n at equal tokens, the scorer's included.

    A search ends once it is sure of an answer, so it spends less than its limit on the mean; best_of_n then
    gets as many tokens for every problem as the search spent on the mean. Source: arXiv 2408.03314,
    section 5. There a search loses where its verifier is weak: beams that the model's own confidence guides,
    narrow and wide, are rows of their own.
    """
    plan.need()
    plan.need_reward()
    cells = {(name, limit): _search(plan, name, limit) for limit in LIMITS for name in NAMES}
    weak = [
        plan.cell("best_of_n", COUNTDOWN_4_5, max_tokens=WEAK_TOKENS, n=256, batch=BATCH, scorer=WEAK),
        *(
            plan.cell(
                "beam_search", COUNTDOWN_4_5, max_tokens=WEAK_TOKENS, beams=beams, width=WIDTH, scorer=WEAK
            )
            for beams in WEAK_BEAMS
        ),
    ]
    measured = yield [*cells.values(), *weak]
    found = dict(zip(cells, measured, strict=False))
    sampled, *searched = measured[len(cells) :]
    drawn = yield [_samples(plan, round(tokens(outcomes))) for outcomes in found.values()]
    over = dict(zip(found, drawn, strict=True))
    label = set_in_words(*COUNTDOWN_4_5[0])
    rows = [
        Row(
            label,
            f"{name}, {limit:,} tokens at most − best_of_n with as many as it spent",
            "points",
            points(rights(found[name, limit]), rights(over[name, limit])),
            len(found[name, limit]),
            TARGET if limit == SPOKEN_OF else None,
            sides=tuple(
                side(who, rights(outcomes), tokens(outcomes))
                for who, outcomes in (("best_of_n", over[name, limit]), (name, found[name, limit]))
            ),
        )
        for limit in sorted(LIMITS, key=lambda limit: limit != SPOKEN_OF)
        for name in NAMES
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
    by_name = {name: [found[name, limit] for limit in LIMITS] for name in NAMES}
    by_name["best_of_n"] = sorted(over.values(), key=tokens)
    chart = Chart(
        "searching",
        f"Searching over sampling: {label}",
        "tokens spent a problem, scorer's included",
        "problems solved, %",
        tuple(
            curve(name, [round(tokens(one)) for one in by_name[name]], [rights(one) for one in by_name[name]])
            for name in ("best_of_n", *NAMES)
        ),
        is_log_x=True,
        raw_is=RAW_BLOCKS,
    )
    said = " and ".join(f"{row.measure.split(',')[0]} {signed(row.found)}" for row in rows[:2])
    return Finding(
        tuple(rows),
        (chart,),
        f"With {SPOKEN_OF:,} tokens at most, scorer's included, over best_of_n with as many as each "
        f"spent: {said} points; with the model's own confidence as the guide, {signed(rows[-2].found)} "
        f"with {WEAK_BEAMS[0]} beams and {signed(rows[-1].found)} with {WEAK_BEAMS[1]}.",
    )


def _search(plan: Plan, name: str, limit: int) -> Cell:
    if name == "beam_search":
        beams = max(1, limit // TOKENS_A_BEAM)  # as many as the limit carries through all steps
        return plan.cell(name, COUNTDOWN_4_5, max_tokens=limit, beams=beams, width=WIDTH, scorer=REWARD)
    return plan.cell(
        name, COUNTDOWN_4_5, max_tokens=limit, rollouts=4096, width=WIDTH, parallel=PARALLEL, scorer=REWARD
    )


def _samples(plan: Plan, limit: int) -> Cell:
    return plan.cell("best_of_n", COUNTDOWN_4_5, max_tokens=limit, n=256, batch=BATCH, scorer=REWARD)
