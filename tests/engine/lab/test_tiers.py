"""The tiers are chosen by the rule that is printed, from what was measured, and never invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lab.tiers import CHAINS, GAIN, Measured, Spread, choose, front


def one(name: str, tokens: float, right: int, problems: int = 100) -> Measured:
    return Measured(name, {}, 4000, right, problems, Spread(tokens, tokens, tokens), 10.0, 500.0)


CHAIN = one("chain", 60, 30)


def test_thorough_is_the_best_fast_costs_a_chain_and_balanced_has_most_of_the_gain() -> None:
    tiers = choose(
        [one("direct", 10, 5), CHAIN, one("waiting", 85, 33), one("vote", 500, 55), one("tree", 900, 66),
         one("big tree", 3000, 70), one("worse and dearer", 950, 60)],
        chain_tokens=60,
    )  # fmt: skip

    assert {name: tier.strategy for name, tier in tiers.items()} == {
        "fast": "waiting",  # 85 ≤ 1.5 × 60
        "balanced": "tree",  # 33 + 0.8 × 37 = 62.6 ≤ 66
        "thorough": "big tree",
    }


def test_where_more_thinking_buys_nothing_there_is_one_tier() -> None:
    tiers = choose([CHAIN, one("vote", 500, 30), one("tree", 900, 28)], chain_tokens=60)
    assert {name: tier.strategy for name, tier in tiers.items()} == {"fast": "chain"}


def test_candidates_measured_on_other_numbers_of_problems_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same problems"):
        choose([CHAIN, one("vote", 500, 30, problems=200)], 60)


@given(st.lists(st.tuples(st.floats(1, 5000), st.integers(0, 100)), min_size=1, max_size=20))
def test_every_choice_is_on_the_front_and_keeps_the_rule(points: list[tuple[float, int]]) -> None:
    candidates = [one(str(i), tokens, right) for i, (tokens, right) in enumerate(points)]
    tiers = choose(candidates, chain_tokens=60)
    best = max(right for _, right in points)

    assert front(candidates)[-1].right == best
    assert list(tiers.values())[-1].right == best or len(tiers) < 3
    for tier in tiers.values():
        assert tier in candidates
        assert not any(
            other.tokens.mean <= tier.tokens.mean and other.right > tier.right for other in candidates
        )
    fast, *others = tiers.values()
    if "balanced" in tiers:
        assert tiers["balanced"].right >= fast.right + GAIN * (best - fast.right) - 1e-9
        assert others
    affordable = [right for tokens, right in points if tokens <= CHAINS * 60]
    assert not affordable or fast.right == max(affordable)
