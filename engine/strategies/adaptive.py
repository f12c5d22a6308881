"""Probe first, then decide how to spend the rest."""

from __future__ import annotations

import math
from typing import Annotated

from engine.budget import BudgetExhausted
from engine.requests import TURN, Expand, Sampling, Score, Search
from engine.strategies import selection
from engine.strategies.adaptive_consistency import adaptive_consistency
from engine.strategies.mcts import mcts
from engine.strategies.parameters import Param, Scorer, Temperature
from engine.strategies.repair import check, mend
from engine.strategies.selection import candidates, grouped, heaviest, mean_logprob, path_score
from engine.tree import Node

REPAIR_WIDTH = SEARCH_WIDTH = 4
BELIEVED = 0.5  # the least that the scorer may give what many probes say, for more votes to be worth it


def adaptive(
    root: Node,
    probe: Annotated[int, Param(2, 64, "Cheap samples by which the question is judged.")] = 4,
    stop_agreement: Annotated[
        float, Param(0.0, 1.0, "Share of probes that must agree to stop at once.")
    ] = 1.0,
    stop_confidence: Annotated[
        float, Param(0.0, 1.0, "How likely, a token, the agreeing probes must be to stop at once.")
    ] = 0.8,
    stop_score: Annotated[float, Param(0.0, 1.0, "Score from which one answer is believed.")] = 0.95,
    sample_agreement: Annotated[
        float, Param(0.0, 1.0, "Share of probes that must agree to go on by sampling alone.")
    ] = 0.5,
    hard: Annotated[
        float, Param(0.0, 1.0, "Difficulty from which a search is made rather than a repair.")
    ] = 0.95,
    most: Annotated[int, Param(1, 256, "Answers made after the probe, at most.")] = 16,
    temperature: Temperature = 0.8,
    scorer: Scorer = "auto",
) -> Search:
    """Sample a few answers, see how they agree, and choose: stop, sample on, repair them, or search.

    STOP where enough probes agree and are likely: the fast path, which costs no scorer. Else the probes are
    scored. STOP where one scores `stop_score`. SAMPLE (`adaptive_consistency`) where many agree and the
    scorer does not think them wrong. Else the difficulty is one minus their mean score; below `hard`, where
    a probe fails a check that exists, REPAIR rewrites the probes, and SEARCH (`mcts`, which ends at
    `stop_score` too) is made otherwise. The choice, and the numbers it rests on, are noted at the question.
    Source: Snell et al. 2024 (arXiv 2408.03314, sections 3.2 and 6): difficulty by the verifier's mean
    score, revision for easier and search for harder questions; the agreement of the first samples as in
    Aggarwal et al. 2023 (arXiv 2305.11860). There the policy is fitted to a whole benchmark; here it is five
    thresholds.
    """
    sampling = Sampling(temperature=temperature)
    try:
        probes = yield Expand([root], n=probe, stop=TURN, sampling=sampling, thinking=True)
        finished = candidates(root)
        leading = _leading(finished)
        agreement, confidence = _agreement(leading, probe)
        judged = {"agreement": agreement, "confidence": confidence, "probes": probe}
        if finished and agreement >= stop_agreement and confidence >= stop_confidence:
            _decide(root, "stop", judged, "The probes agree and are likely, so one of them is the answer.")
            return selection.select(finished, "majority", scorer)
        yield Score(finished, by=scorer)
        scores = [path_score(node, scorer) for node in finished]
        known = [score for score in scores if score is not None]
        difficulty = 1 - sum(known) / len(known) if known else 1.0
        judged["difficulty"] = round(difficulty, 4)
        if known and max(known) >= stop_score:
            _decide(root, "stop", judged, "The scorer is sure of a probe, so that is the answer.")
            return selection.select(finished, "best", scorer)
        believed = [score for node in leading if (score := path_score(node, scorer)) is not None]
        if believed:
            judged["leading_score"] = round(max(believed), 4)
        if agreement >= sample_agreement and max(believed, default=1.0) >= BELIEVED:
            _decide(
                root, "sample", judged, "Many probes agree and are believed, so more votes will settle it."
            )
            return (
                yield from adaptive_consistency(root, n_max=probe + most, round=4, temperature=temperature)
            )
        if difficulty < hard:
            findings = yield from check(finished)
            if any(found.scores.get("check") == 0 for found in findings):
                _decide(
                    root, "repair", judged, "The probes disagree, are near, and fail a check: rewrite them."
                )
                width = min(REPAIR_WIDTH, most)
                return (yield from mend(root, probes, max(1, most // width), width, sampling))
        _decide(root, "search", judged, "The probes disagree and nothing simpler helps, so it is searched.")
        return (
            yield from mcts(
                root,
                rollouts=most,
                width=SEARCH_WIDTH,
                stop_at=stop_score,
                temperature=temperature,
                scorer=scorer,
            )
        )
    except BudgetExhausted:
        if not candidates(root):
            raise
        return selection.select(candidates(root), "weighted", scorer)


def _leading(finished: list[Node]) -> list[Node]:
    """The probes that give the answer which most of them give; none where none has an answer."""
    groups = grouped([node for node in finished if node.answer is not None])
    return heaviest(groups, [float(len(group)) for group in groups])[0] if groups else []


def _agreement(leading: list[Node], probe: int) -> tuple[float, float]:
    """The leading answer's share of all probes, and its likelihood a token: exp of the mean ln p."""
    if not leading:
        return 0.0, 0.0
    likelihood = sum(math.exp(mean_logprob(node)) for node in leading) / len(leading)
    return round(len(leading) / probe, 4), round(likelihood, 4)


def _decide(root: Node, route: str, judged: dict[str, float | int], why: str) -> None:
    """Note the choice at the question, with the numbers it rests on and a sentence for a person."""
    words = (
        f"{judged['agreement']:.0%} of {judged['probes']} probes agree, at {judged['confidence']:.2f} a token"
    )
    if "difficulty" in judged:
        words += f"; difficulty {judged['difficulty']:.2f}"
    root.note(route={"choice": route, **judged, "reason": why})
    root.keep(f"{route.upper()}: {why} {words[:1].upper()}{words[1:]}.")
