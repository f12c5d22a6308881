"""What must hold of every run: any strategy, any knobs, any budget, any schedule, cancelled at any moment.

The backend of these tests decodes whichever branches it likes, as many at a time as it likes. A tree may
depend on none of that.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backends.protocol import Chunk
from engine.backends.scripted import ScriptedBackend
from engine.runs import Run
from engine.strategies import SCORERS as SCORERS_AND_AUTO
from engine.strategies import STRATEGIES
from engine.strategies.parameters import Parameter
from engine.tree import Tree
from tests.engine.scripted import FREE, PUZZLE, SUM, make_scheduler, shape, spec

SCORERS = tuple(scorer for scorer in SCORERS_AND_AUTO if scorer != "auto")
LARGEST = 12  # of a knob that counts something, so that an example takes a fraction of a second


class Unruly(ScriptedBackend):
    """Decodes a random part of its rows in each step, sometimes none, and tells of tokens when it likes."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._rng = random.Random(seed)
        self._untold: dict[int, list[Chunk]] = {}

    def step(self) -> list[Chunk]:
        waiting = list(self._rows)
        self._rng.shuffle(waiting)
        told = []
        for request_id in waiting[: self._rng.randint(0, len(waiting))]:
            chunk = self._next(self._rows[request_id])
            self._untold.setdefault(request_id, []).append(chunk)
            if chunk.end is not None or self._rng.random() < 0.5:  # an end is told at once
                told.append(self._tell(request_id))
        return told

    def cancel(self, request_id: int) -> Chunk | None:
        super().cancel(request_id)
        return self._tell(request_id) if request_id in self._untold else None

    def _tell(self, request_id: int) -> Chunk:
        chunks = self._untold.pop(request_id)
        return Chunk(
            request_id,
            [piece for chunk in chunks for piece in chunk.pieces],
            [logprob for chunk in chunks for logprob in chunk.logprobs],
            [confidence for chunk in chunks for confidence in chunk.confidences],
            sum(chunk.prompt_tokens for chunk in chunks),
            0,
            chunks[-1].end,
            chunks[-1].reason,
        )


def knob(parameter: Parameter) -> st.SearchStrategy[Any]:
    if parameter.name == "scorer":
        return st.sampled_from(SCORERS)
    if parameter.type == "choice":
        return st.sampled_from(parameter.choices)
    if parameter.type == "bool":
        return st.booleans()
    low, high = parameter.minimum or 0, parameter.maximum or 0
    if parameter.type == "int":
        return st.integers(int(low), int(min(high, LARGEST)))
    return st.floats(low, high)


@st.composite
def specs(draw: st.DrawFn) -> Any:
    """A run of any strategy with a few of its knobs turned."""
    strategy = STRATEGIES[draw(st.sampled_from(list(STRATEGIES)))]
    turned = draw(st.lists(st.sampled_from(strategy.parameters), max_size=4)) if strategy.parameters else []
    params = {parameter.name: draw(knob(parameter)) for parameter in turned}
    # Unless they are turned, knobs that count stay small as well.
    for parameter in strategy.parameters:
        if isinstance(parameter.default, int) and parameter.default > LARGEST:
            params.setdefault(parameter.name, LARGEST)
    problem = draw(st.sampled_from([PUZZLE, SUM, FREE]))
    unfit = ("unit_tests", "verifier", "process_reward") if problem == FREE else ("unit_tests",)
    if params.get("scorer") in unfit:
        params["scorer"] = "judge"
    max_tokens = draw(st.none() | st.sampled_from([1, 7, 100, 1001]) | st.integers(1, 400))
    return spec(strategy.name, problem, max_tokens, draw(st.integers(0, 99)), **params)


def check(run: Run, max_tokens: int | None) -> None:
    """One tree, whole and consistent, within its budget, and equal to its replay."""
    nodes, usage = run.tree.nodes, run.usage
    assert run.is_over
    assert [node.id for node in nodes] == list(range(len(nodes)))
    assert [node for node in nodes if node.parent is None] == [run.tree.root]
    assert all(node.parent in nodes[: node.id] for node in nodes[1:])
    assert all(node.status != "growing" and node.reason for node in nodes[1:])
    assert all(0 <= score <= 1 for node in nodes for score in node.scores.values())
    assert usage.generated_tokens == sum(node.tokens for node in nodes)
    assert usage.spent_tokens == usage.generated_tokens + usage.discarded_tokens + usage.scorer_tokens
    assert max_tokens is None or usage.spent_tokens <= max_tokens
    for node in nodes:
        assert node.tokens == len(node.pieces) == len(node.token_logprobs) == len(node.token_confidences)
        assert node.text == (node.text if node.tokens == 0 else node.forced + "".join(node.pieces))
    if run.answer_node is not None:
        assert run.answer_node in nodes
        assert run.answer == run.answer_node.answer
        assert [node.status for node in run.answer_node.path()] == ["selected"] * len(run.answer_node.path())
    assert [event.seq for event in run.tree.events] == list(range(len(run.tree.events)))
    record = run.record()
    json.dumps(record, allow_nan=False)
    assert replace(run, tree=Tree.replay(run.tree.events)).record()["nodes"] == record["nodes"]


@settings(deadline=None, max_examples=150)
@given(run_spec=specs(), schedule=st.integers(0, 10**6))
def test_every_run_ends_whole_and_no_schedule_changes_it(run_spec: Any, schedule: int) -> None:
    runs = []
    for backend in (Unruly(schedule), ScriptedBackend()):
        scheduler = make_scheduler(backend)
        run = scheduler.submit(run_spec)
        scheduler.run_until_idle()
        check(run, run_spec.budget.max_tokens)
        assert run.status in ("finished", "partial"), run.status_reason
        assert run.status == "finished" or run_spec.budget.max_tokens is not None
        assert backend._rows == {}
        runs.append(run)
    assert shape(runs[0]) == shape(runs[1])
    assert runs[0].usage.spent_tokens == runs[1].usage.spent_tokens
    if any(node.is_final and node.answer is not None and node.kind != "critique" for node in run.tree.nodes):
        assert run.answer_node is not None and run.answer_node.is_final


@settings(deadline=None, max_examples=100)
@given(run_spec=specs(), schedule=st.integers(0, 10**6), steps=st.integers(0, 80))
def test_a_cancel_at_any_moment_leaves_a_whole_record(run_spec: Any, schedule: int, steps: int) -> None:
    backend = Unruly(schedule)
    scheduler = make_scheduler(backend)
    run = scheduler.submit(run_spec)
    for _ in range(steps):
        scheduler.step()
    was_over = run.is_over
    scheduler.cancel(run.id)
    scheduler.step()
    check(run, run_spec.budget.max_tokens)
    assert was_over or run.status == "cancelled"
    assert backend._rows == {}
    assert not scheduler.step()
