"""Breadth-first search over thoughts that the model itself judges."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Annotated

from engine.budget import BudgetExhausted
from engine.prompts import STATE_VALUES, state_value
from engine.requests import STEP, TURN, Expand, Request, Sampling, Search
from engine.strategies.parameters import Param, Temperature
from engine.strategies.selection import candidates, mean_logprob, merge_duplicates
from engine.tree import Node

VERDICT_TOKENS = 16  # a verdict is one word; what is longer is none


def tree_of_thoughts(
    root: Node,
    breadth: Annotated[int, Param(1, 64, "States kept after each step.")] = 5,
    proposals: Annotated[int, Param(1, 64, "Next thoughts sampled from each state.")] = 8,
    depth: Annotated[int, Param(1, 100, "Steps of thought; then the kept states are finished.")] = 4,
    judgements: Annotated[int, Param(1, 16, "How often the model is asked for a state's value.")] = 3,
    temperature: Temperature = 0.8,
) -> Search:
    """Sample next thoughts from every kept state, let the model judge each, and keep the best few.

    The model is asked whether a state can still lead to the right answer: sure, likely or impossible, worth
    20, 1 and 0.001. A state's value is the mean over its judgements, shown as a share of 20; a reply that is
    no such word abstains. Source: Yao et al. 2023 (arXiv 2305.10601, algorithm 1 and section 4.1), whose
    values are sums and count what cannot be read as 0. A thought is a step; every kept state is finished,
    and judged once more, where the paper finishes the best alone.
    """
    sampling = Sampling(temperature=temperature)
    states, finished = [root], []
    try:
        for _ in range(depth):
            thoughts = yield Expand(states, n=proposals, stop=STEP, sampling=sampling, thinking=True)
            thoughts = merge_duplicates(thoughts)
            yield from evaluate(thoughts, judgements, temperature)
            finished += [thought for thought in thoughts if thought.is_final]
            states = keep_best(breadth, [thought for thought in thoughts if not thought.is_final])
            if not states or len(finished) >= breadth:
                break
        else:
            ends = yield Expand(states, stop=TURN, sampling=sampling, thinking=True)
            finished += [end for end in ends if end.is_final]
            yield from evaluate(finished, judgements, temperature)
    except BudgetExhausted:
        finished = candidates(root)
    if not finished:
        raise BudgetExhausted("Nothing was finished.")
    answered = [node for node in finished if node.answer is not None]
    chosen = max(answered or finished, key=order)
    chosen.keep(f"{_words(chosen)}, the best of {len(finished)} finished.")
    return chosen


def evaluate(
    states: Sequence[Node], judgements: int, temperature: float
) -> Generator[Request, list[Node], None]:
    """Ask the model for each state's value; noted in the state, with the words it is the mean of."""
    asked = [state for state in states if "value" not in state.search]
    replies = yield Expand(
        asked,
        n=judgements,
        stop=TURN,
        kind="critique",
        instruction="value",
        sampling=Sampling(temperature=temperature, max_tokens=VERDICT_TOKENS),
        thinking=False,
    )
    for at, state in enumerate(asked):
        own = replies[at * judgements : (at + 1) * judgements]
        values = [state_value(reply.text) if reply.is_final else None for reply in own]
        for reply, value in zip(own, values, strict=True):
            if value is None:
                reply.prune("It is none of the words that were asked for, so it abstains.")
            else:
                reply.keep(f"The state is worth {value:g} of {max(STATE_VALUES.values()):g} by this word.")
        known = [value for value in values if value is not None]
        share = sum(known) / len(known) / max(STATE_VALUES.values()) if known else None
        state.note(value=share, judgements=values)


def order(state: Node) -> tuple[float, float]:
    """Higher is better: the value, abstentions below all others, then the mean log-probability."""
    value = state.search.get("value")
    return (-1.0 if value is None else value, mean_logprob(state))


def keep_best(breadth: int, states: Sequence[Node]) -> list[Node]:
    """The `breadth` best states, marked as kept, and the rest as pruned, with their values."""
    ranked = sorted(states, key=order, reverse=True)
    for place, state in enumerate(ranked, start=1):
        if place <= breadth:
            state.keep(f"{_words(state)}, place {place} of {len(ranked)}.")
        else:
            state.prune(f"{_words(state)}, below the {breadth} kept ({_words(ranked[breadth - 1]).lower()}).")
    return ranked[:breadth]


def _words(state: Node) -> str:
    value = state.search.get("value")
    return "Not judged" if value is None else f"Judged {value:.4g}"
