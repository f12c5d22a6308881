"""What the Compare page asks for: runs of its lanes, their events, verdicts, forecasts, and batches.

Knows the service and the batch driver, and answers every question with one JSON string; what cannot be done
is {"error"} with one sentence. Does not know how any of it is drawn.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from app import batch_reply, budget_control, compare_names, compare_plan
from app.batch_driver import BatchDriver
from app.compare_verdict import of_one_problem
from app.run_feed import feed
from app.service import Service
from engine.errors import BadInput, PonderError
from engine.models import catalogue
from engine.runs import RunSpec
from engine.strategies import STRATEGIES
from engine.tasks import FAMILIES, identify

MAX_ID_CHARACTERS = 64


class CompareFeed:
    """One page's questions, for any number of pages."""

    def __init__(self, service: Service, driver: BatchDriver) -> None:
        self._service = service
        self._driver = driver
        self._actions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "start": self._start,
            "stop": self._stop,
            "problem": self._problem,
            "describe": lambda asked: _described(str(asked.get("problem") or "")),
            "forecast": self._forecast,
            "verdict": self._verdict,
            "batch_start": self._batch_start,
            "batch_pause": self._batch_change(driver.pause),
            "batch_resume": self._batch_change(driver.resume),
            "batch_cancel": self._batch_change(driver.cancel),
            "batch_cost": self._batch_cost,
            "batch": self._batch,
            "batches": self._batches,
            "problems": self._problems,
            "export": self._export,
        }

    def pull(self, asked: Any) -> str:
        """The replies of app/run_feed.py to several pulls at once: {"asks": [{"run", "cursor"}]}."""
        asks = asked.get("asks") if isinstance(asked, dict) else None
        if not isinstance(asks, list) or len(asks) > 2 * compare_plan.MAX_LANES:
            return json.dumps({"error": "These runs cannot be shown; reload the page."})
        return json.dumps({"replies": [self._pulled(one) for one in asks]})

    def _pulled(self, one: Any) -> str:
        run, cursor = (one.get("run"), one.get("cursor", 0)) if isinstance(one, dict) else (None, 0)
        if not isinstance(run, str) or not isinstance(cursor, int) or len(run) > MAX_ID_CHARACTERS:
            return json.dumps({"error": "This is no run that can be shown; press Run all to make one."})
        return feed(self._service, run, cursor)

    def ask(self, asked: Any) -> str:
        """The answer to {"action", …}."""
        action = self._actions.get(asked.get("action", "")) if isinstance(asked, dict) else None
        if action is None:
            return json.dumps({"error": "The page asked for something unknown here; reload it."})
        try:
            return json.dumps(action(asked))
        except PonderError as error:
            return json.dumps({"error": str(error)})

    # ---- lanes -----------------------------------------------------------------------------------------

    def _start(self, asked: dict[str, Any]) -> dict[str, Any]:
        specs = compare_plan.specs_of(asked)
        for number, spec in enumerate(specs, start=1):
            try:
                self._service.check(spec)
            except PonderError as error:
                if len(specs) == 1 or _is_shared(error):
                    raise
                return {"error": f"Lane {number}: {error}", "lane": number - 1}
        return {"runs": [run.id for run in self._service.submit_all(specs)]}

    def _stop(self, asked: dict[str, Any]) -> dict[str, Any]:
        for run in _ids(asked):
            self._service.cancel(run)
        return {}

    def _verdict(self, asked: dict[str, Any]) -> dict[str, Any]:
        runs = [self._service.get(run) for run in _ids(asked)]
        found = of_one_problem(runs)
        if found is None:
            return {}
        return asdict(found) | {"names": compare_names.names([run.spec for run in runs])}

    # ---- the setup -------------------------------------------------------------------------------------

    def _problem(self, asked: dict[str, Any]) -> dict[str, Any]:
        task = FAMILIES.get(str(asked.get("family")))
        if task is None:
            raise BadInput(f"There is no task family {str(asked.get('family'))[:40]!r}.")
        least, most = task.difficulties[0], task.difficulties[-1]
        difficulty = compare_plan.whole(asked.get("difficulty"), "The difficulty", least, most)
        text = task.generate(difficulty, random.Random()).text
        return {"problem": text} | _described(text)

    def _forecast(self, asked: dict[str, Any]) -> dict[str, Any]:
        """For each lane, in one line, what its run will take; "" where the problem is none yet."""
        return {"lanes": [self._foretold(spec) for spec in compare_plan.specs_of(asked | {"seed": 0})]}

    def _foretold(self, spec: RunSpec) -> str:
        try:
            return f"{budget_control.in_short(self._service.foretell(spec))}."  # the budget stands above
        except PonderError as error:
            return "" if _is_shared(error) else str(error)

    # ---- batches ---------------------------------------------------------------------------------------

    def _batch_start(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"id": self._driver.start(compare_plan.plan_of(asked))}

    def _batch_change(self, change: Callable[[str], None]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def act(asked: dict[str, Any]) -> dict[str, Any]:
            change(_id(asked))
            return {}

        return act

    def _batch_cost(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"words": batch_reply.cost_in_words(asked, self._service.foretell)}

    def _batch(self, asked: dict[str, Any]) -> dict[str, Any]:
        cost = str(asked.get("cost") or "tokens")
        return batch_reply.reply(self._driver.progress(_id(asked)), cost, str(asked.get("stamp") or ""))

    def _batches(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"batches": [batch_reply.line(batch) for batch in self._driver.latest()]}

    def _problems(self, asked: dict[str, Any]) -> dict[str, Any]:
        return batch_reply.problems(self._driver.progress(_id(asked)))

    def _export(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"csv": batch_reply.as_csv(self._driver.progress(_id(asked)))}


def _is_shared(error: PonderError) -> bool:
    """Whether what is wrong is wrong in every lane alike."""
    return any(word in str(error) for word in ("The problem", "The seed", "kinds of problem"))


def _id(asked: dict[str, Any]) -> str:
    return str(asked.get("id") or "")[:MAX_ID_CHARACTERS]


def _ids(asked: dict[str, Any]) -> list[str]:
    runs = asked.get("runs")
    found = runs if isinstance(runs, list) else []
    return [str(run)[:MAX_ID_CHARACTERS] for run in found[: compare_plan.MAX_LANES]]


def _described(text: str) -> dict[str, Any]:
    """The family and difficulty of a problem; None and None where it is none of the families."""
    try:
        read = identify(text)
    except PonderError:
        return {"family": None, "difficulty": None}
    return {"family": read.task, "difficulty": read.difficulty}


def choices(model: str) -> dict[str, Any]:
    """What the page's menus hold: strategies with their parameters, models, families, units."""
    return {
        "strategies": [
            {
                "name": one.name, "title": one.title, "idea": one.idea,
                "parameters": [asdict(parameter) for parameter in one.parameters],
            }
            for one in STRATEGIES.values()
        ],
        "models": [[facts.name, facts.title] for facts in catalogue.models() if facts.is_usable],
        "model": model,
        "families": [
            {"name": name, "title": task.title, "unit": task.unit, "difficulties": list(task.difficulties)}
            for name, task in FAMILIES.items()
        ],
        "units": compare_plan.UNITS,
        "batch": {"least": compare_plan.MIN_BATCH, "most": compare_plan.MAX_BATCH},
        "lanes": compare_plan.MAX_LANES,
    }  # fmt: skip
