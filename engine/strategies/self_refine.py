"""Draft, criticise, rewrite."""

from __future__ import annotations

from typing import Annotated

from engine import prompts
from engine.budget import BudgetExhausted
from engine.requests import TURN, Expand, Sampling, Search
from engine.strategies.parameters import Param, Temperature
from engine.tree import Node


def self_refine(
    root: Node,
    rounds: Annotated[int, Param(1, 20, "Most times the draft is criticised and rewritten.")] = 3,
    temperature: Temperature = 0.7,
) -> Search:
    """Write a draft, let the model find the fault in it, rewrite, until it finds nothing.

    Critiques are greedy. When the budget ends, the last finished draft is the answer. Source: Madaan et
    al. 2023 (arXiv 2303.17651); the drafts and critiques are one conversation, of which the bundled models
    read the latest of each alone, and there are no worked examples.
    """
    sampling = Sampling(temperature=temperature)
    (draft,) = yield Expand([root], stop=TURN, sampling=sampling, thinking=True)
    try:
        for _ in range(rounds):
            if not draft.is_final:
                break
            (critique,) = yield Expand(
                [draft],
                stop=TURN,
                kind="critique",
                instruction="critique",
                sampling=Sampling(temperature=0.0),
                thinking=False,
            )
            if prompts.finds_nothing(critique.text):
                critique.keep("It finds nothing wrong, so the draft stands.")
                draft.keep("Its critique found nothing wrong.")
                break
            (revision,) = yield Expand(
                [critique],
                stop=TURN,
                kind="revision",
                instruction="rewrite",
                sampling=sampling,
                thinking=True,
            )
            if not revision.is_final:
                revision.prune("It did not end, so the draft before it stands.")
                break
            draft.prune(f"Rewritten as node {revision.id}.")
            draft = revision
    except BudgetExhausted:
        pass
    return draft
