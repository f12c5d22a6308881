"""The four named endpoints for scripts: run, compare, get_run, list_strategies.

    from gradio_client import Client
    Client("http://127.0.0.1:7860").predict("Use 4 5 6 10 to make 24.", api_name="/run")

Knows the service and the stable JSON record. Does not know pages. Endpoints submit and watch; the engine's
own thread does the work, so that one caller never holds up another's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import gradio as gr
from gradio.events import api

from app.command_line import DEFAULT_MODEL
from app.commands.strategies import describe
from app.service import Service
from app.visitors import owner_of
from engine.budget import Budget
from engine.errors import BadInput, PonderError
from engine.runs import Run, RunSpec
from engine.strategies import STRATEGIES

LOOK_SECONDS = 0.05  # between two looks at a live run
UPDATE_SECONDS = 0.5  # between two updates of one call
LANES = (2, 4)  # of a comparison


def build(service: Service) -> None:
    """Offer the endpoints in the current Blocks."""

    async def run(
        request: gr.Request,
        problem: str,
        strategy: str = "chain_of_thought",
        model: str = DEFAULT_MODEL,
        params: dict | None = None,
        budget: dict | None = None,
        seed: int = 0,
        expected: str | None = None,
        task: str | None = None,
        wait: bool = True,
    ) -> AsyncIterator[dict]:
        """Run one strategy on one problem. Gives updates while it runs, and at its end the whole record.

        budget is any of max_tokens, max_seconds, max_flops and max_usd. A caller who leaves stops the run;
        with wait false the call returns its id at once, the run goes on, and get_run finds it.
        """
        lane = {"strategy": strategy, "model": model, "params": params}
        spec = _spec(problem, lane, budget, seed, expected, task, owner_of(request))
        (started,) = await _submit(service, [spec])
        if not wait:
            yield _update(started)
            return
        async for _ in _watch(service, [started]):
            yield _update(started)
        yield started.record()

    async def compare(
        request: gr.Request,
        problem: str,
        lanes: list,
        model: str = DEFAULT_MODEL,
        budget: dict | None = None,
        seed: int = 0,
        expected: str | None = None,
        task: str | None = None,
    ) -> AsyncIterator[dict]:
        """Run two to four strategies on one problem at once, each under the same budget.

        A lane is a strategy's name, or {"strategy", "params"?, "model"?}. Gives what each lane has spent and
        answered; get_run gives the whole record of one.
        """
        if not isinstance(lanes, list) or not LANES[0] <= len(lanes) <= LANES[1]:
            raise gr.Error(f"Compare {LANES[0]} to {LANES[1]} lanes, in a list.")
        owner = owner_of(request)
        plans = [{"model": model} | ({"strategy": lane} if isinstance(lane, str) else lane) for lane in lanes
                 if isinstance(lane, str | dict)]  # fmt: skip
        if len(plans) < len(lanes):
            raise gr.Error('A lane is a strategy\'s name, or {"strategy", "params"?, "model"?}.')
        specs = [_spec(problem, plan, budget, seed, expected, task, owner) for plan in plans]
        started = await _submit(service, specs)
        async for _ in _watch(service, started):
            yield {"lanes": [_update(one) for one in started]}
        yield {
            "problem": started[0].spec.problem,
            "budget": started[0].record()["budget"],
            "page": f"/compare?runs={','.join(one.id for one in started)}",
            "lanes": [_lane(one) for one in started],
        }

    async def get_run(run_id: str) -> dict:
        """The record of a run, live or stored, by its id."""
        try:
            found = await asyncio.to_thread(service.get, _text("run_id", run_id))
        except PonderError as error:
            raise gr.Error(str(error)) from None
        return found.record()

    async def list_strategies() -> list:
        """Every strategy: name, title, idea, parameters with type, default, range and meaning, and source."""
        return [describe(strategy) for strategy in STRATEGIES.values()]

    for endpoint in (run, compare, get_run, list_strategies):
        api(endpoint, api_name=endpoint.__name__, concurrency_limit=None)


def _spec(
    problem: object,
    lane: Mapping[str, Any],
    budget: object,
    seed: Any,
    expected: object,
    task: object,
    owner: str,
) -> RunSpec:
    """The spec that a call asks for. Raises gr.Error: what a caller may see is always one sentence."""
    try:
        unknown = lane.keys() - {"strategy", "params", "model"}
        if unknown or "strategy" not in lane:
            raise BadInput('A lane is a strategy\'s name, or {"strategy", "params"?, "model"?}.')
        params = lane.get("params")
        if params is not None and not isinstance(params, dict):
            raise BadInput('params must be an object, for example {"n": 16}.')
        return RunSpec(
            problem=_text("problem", problem),
            model=_text("model", lane.get("model", DEFAULT_MODEL)),
            strategy=_text("strategy", lane["strategy"]),
            params=dict(params or {}),
            task=None if task is None else _text("task", task),
            expected=None if expected is None else _text("expected", expected),
            seed=seed,
            budget=_budget(budget),
            owner=owner,
        )
    except PonderError as error:
        raise gr.Error(str(error)) from None


def _budget(asked: object) -> Budget:
    if asked is None:
        return Budget()
    known = Budget.__dataclass_fields__
    if not isinstance(asked, dict) or asked.keys() - known.keys():
        raise BadInput(f"budget must be an object with any of {', '.join(known)}.")
    return Budget(**asked)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{name} must be text, not {type(value).__name__}.")
    return value


async def _submit(service: Service, specs: Sequence[RunSpec]) -> list[Run]:
    """Queue all or none."""

    def submit() -> list[Run]:
        for spec in specs:
            service.check(spec)
        return service.submit_all(specs)

    try:
        return await asyncio.to_thread(submit)
    except PonderError as error:
        raise gr.Error(str(error)) from None


async def _watch(service: Service, runs: Sequence[Run]) -> AsyncIterator[None]:
    """Wait until all are over, pausing where there is news to tell. Who stops watching stops the runs."""
    told, told_at = -1, 0.0
    try:
        while not all(run.is_over for run in runs):
            spent = sum(run.usage.spent_tokens for run in runs)
            is_first = told <= 0  # that it waits, then that it has begun
            if spent != told and (is_first or time.monotonic() - told_at >= UPDATE_SECONDS):
                told, told_at = spent, time.monotonic()
                yield
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        for run in runs:
            service.cancel(run.id)  # those that are over are left alone


def _update(run: Run) -> dict[str, Any]:
    usage = run.usage
    return {
        "id": run.id,
        "status": run.status,
        "strategy": run.spec.strategy,
        "spent_tokens": usage.spent_tokens,
        "nodes": len(run.tree.nodes),
    }


def _lane(run: Run) -> dict[str, Any]:
    record = run.record()
    names = (
        "id", "strategy", "model", "params", "answer", "is_correct", "status", "status_reason", "usage",
    )  # fmt: skip
    return {name: record[name] for name in names}
