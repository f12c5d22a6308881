"""Vote by confidence, and abort the traces that lose it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from engine.budget import BudgetExhausted
from engine.errors import ScorerUnavailable
from engine.requests import TURN, Expand, Sampling, Search
from engine.strategies.parameters import Choice, Param, Temperature
from engine.strategies.selection import candidates, grouped, heaviest
from engine.strategies.token_confidence import MEASURES, measure, percentile
from engine.tree import Node


def confident_voting(
    root: Node,
    n: Annotated[int, Param(1, 256, "Traces sampled at most, the aborted ones included.")] = 32,
    window: Annotated[int, Param(1, 4096, "Tokens of a group; the paper's long traces take 2048.")] = 32,
    keep: Annotated[
        float, Param(1, 100, "Percent of the warm-up traces that stay above the bar; 10 is strict.")
    ] = 90,
    warmup: Annotated[int, Param(1, 64, "Traces sampled whole, to set the bar.")] = 8,
    consensus: Annotated[float, Param(0.5, 1.0, "Share of the vote at which sampling stops.")] = 0.95,
    weight: Annotated[
        str, Choice(MEASURES, "A trace's vote: its lowest group, bottom tenth, tail, or mean confidence.")
    ] = "lowest",
    round: Annotated[int, Param(1, 64, "Traces sampled together after the warm-up.")] = 8,
    temperature: Temperature = 0.8,
) -> Search:
    """Sample a few traces to learn how sure the model is, abort every later one that falls below, and vote.

    The bar is the (100 - keep) percentile of the warm-up traces' lowest groups. A trace that falls below it
    ends there and then, and does not vote; nor does a warm-up trace below the bar. A trace's vote weighs its
    confidence. Sampling stops once one answer holds `consensus` of the weight. Source: DeepConf, Fu et al.
    2025 (arXiv 2508.15260, section 3.3); there one trace follows the other, and the warm-up has 16.
    """
    sampling = Sampling(temperature=temperature)
    bar: float | None = None
    drawn = 0
    try:
        while drawn < n:
            count = min(n - drawn, warmup if drawn == 0 else round)
            traces = yield Expand(
                [root],
                n=count,
                stop=TURN,
                sampling=sampling,
                thinking=True,
                abort_below=bar,
                abort_window=window,
            )
            drawn += count
            _measure(traces, window)
            if bar is None:
                lowest = [trace.search["lowest"] for trace in traces if trace.is_final]
                if not lowest:
                    break
                bar = percentile(lowest, 100 - keep)
                root.note(warmup={"lowest": lowest, "keep": keep, "bar": bar})
            _drop_below(traces, bar)
            if _share(root, bar, weight) >= consensus:
                break
    except BudgetExhausted:
        _measure(candidates(root), window)
        if not candidates(root):
            raise
    return _vote(root, bar, weight)


def _measure(traces: Sequence[Node], window: int) -> None:
    """Note every measure of each finished trace. Raises ScorerUnavailable where no confidence is known."""
    for trace in traces:
        if trace.is_final and "lowest" not in trace.search:
            if not trace.token_confidences:
                raise ScorerUnavailable(
                    "This model says nothing of how sure it is of a token; vote by majority."
                )
            trace.note(**{how: _rounded(measure(trace.token_confidences, how, window)) for how in MEASURES})


def _rounded(value: float) -> float:
    return round(value, 6)


def _drop_below(traces: Sequence[Node], bar: float) -> None:
    """Traces whose lowest group is below the bar do not vote: of the warm-up, and short ones that ended."""
    for trace in traces:
        if trace.is_final and trace.search["lowest"] < bar:
            trace.prune(
                f"Its lowest group has confidence {trace.search['lowest']:.2f}, below the bar {bar:.2f}."
            )


def _voters(root: Node, bar: float | None) -> list[Node]:
    """The finished traces that may vote; all where none is above the bar."""
    finished = candidates(root)
    above = [trace for trace in finished if bar is None or trace.search["lowest"] >= bar]
    answered = [trace for trace in above or finished if trace.answer is not None]
    return answered or above or finished


def _weights(groups: Sequence[list[Node]], weight: str) -> list[float]:
    return [sum(trace.search[weight] for trace in group) for group in groups]


def _share(root: Node, bar: float, weight: str) -> float:
    """The leading answer's share of the whole weight; recorded at the root."""
    groups = grouped(_voters(root, bar))
    weights = _weights(groups, weight)
    share = max(weights) / sum(weights) if sum(weights) else 0.0
    root.note(consensus={"weights": [_rounded(one) for one in weights], "share": _rounded(share)})
    return share


def _vote(root: Node, bar: float | None, weight: str) -> Node:
    voters = _voters(root, bar)
    if not voters:
        raise BudgetExhausted("No trace was finished.")
    groups = grouped(voters)
    weights = _weights(groups, weight)
    winners, most = heaviest(groups, weights)
    for trace in voters:
        trace.keep(f"It votes for its answer with confidence {trace.search[weight]:.2f}.")
    chosen = max(winners, key=lambda trace: trace.search[weight])
    chosen.keep(f"This answer holds {most:.1f} of the {sum(weights):.1f} confidence in the vote, the most.")
    return chosen
