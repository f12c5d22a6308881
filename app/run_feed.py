"""What the Run page pulls of one run: its events since a cursor, and the head that says how it stands.

Knows live, stored and recorded runs through the service, and turns them into one JSON string. Does not
know how any of it is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Container
from functools import lru_cache
from pathlib import Path
from typing import Any

from app import scorers
from app.service import Service
from engine import answers
from engine.errors import PonderError
from engine.runs import Run
from engine.strategies import STRATEGIES, selection
from engine.tasks import code, is_program
from engine.tree import Event
from storage.json_text import to_json

RECORDED = "recorded"
RECORDING = Path(__file__).parent / "recorded_run.json"
MAX_EVENTS = 20_000  # in one reply; the page asks again at once for the rest


def feed(service: Service, run_id: str, cursor: int) -> str:
    """The reply to one pull: {"events", "next", "run"}, or {"error"} with one sentence."""
    cursor = max(0, cursor)
    if run_id == RECORDED:
        return _recorded() if cursor == 0 else json.dumps({"events": [], "next": cursor, "run": None})
    try:
        run = service.get(run_id)
    except PonderError as error:
        return json.dumps({"error": str(error)})
    return reply(run, cursor, service.is_recorded(run_id))


def reply(run: Run, cursor: int, is_recorded: bool = False) -> str:
    """The events of `run` from `cursor` on, and its head; `is_recorded` where it came with the program.

    While the run goes on, its head holds only the candidates that these events concern; the page keeps the
    others. At the end it holds all.
    """
    is_over = run.is_over  # read before the events, so that the last of them are never missed
    events = run.tree.events[cursor : cursor + MAX_EVENTS]
    following = cursor + len(events)
    is_last = is_over and following >= len(run.tree.events)
    concerned = {event.node for event in events if event.kind in ("finished", "scored")}
    head = head_of(run, None if is_last else concerned) | {"is_over": is_last, "is_recorded": is_recorded}
    return to_json({"events": [_plain(event) for event in events], "next": following, "run": head})


def _plain(event: Event) -> dict[str, Any]:
    return {"seq": event.seq, "at_s": event.at_s, "kind": event.kind, "node": event.node, "data": event.data}


def head_of(run: Run, nodes: Container[int | None] | None = None) -> dict[str, Any]:
    """All of a run but its nodes, as the page shows it; its candidates are those of `nodes` where given."""
    record = run.facts()
    strategy = STRATEGIES.get(run.spec.strategy)
    scorer = run.spec.params.get("scorer")
    record["strategy_title"] = strategy.title if strategy else run.spec.strategy
    record["scorer_title"] = scorers.title(scorer)
    record["queue_note"] = "Waiting for the model." if run.status == "queued" else ""
    record["candidates"] = _candidates(run, scorer, nodes)
    return record


def _candidates(run: Run, scorer: str | None, nodes: Container[int | None] | None) -> list[dict[str, Any]]:
    """Every finished answer, with its score on the path and whether it is right; of `nodes` where given."""
    how = run.spec.params.get("aggregate", "last")
    return [
        {
            "node": node.id,
            "answer": node.answer,
            "score": selection.path_score(node, scorer, how),
            "is_correct": _is_correct(run, node.answer),
            "tokens": sum(part.tokens for part in node.path()),
        }
        for node in selection.candidates(run.tree.root)
        if nodes is None or node.id in nodes
    ]


def _is_correct(run: Run, answer: str | None) -> bool | None:
    problem = run.tree.problem
    if problem is None or answer is None:
        return None
    if problem.tests is not None:  # a page that is looked at runs no programs
        return code.known(problem, answer) if is_program(problem) else answers.is_correct(problem, answer)
    return _judged(problem.text, problem.task, problem.expected, answer)


@lru_cache(maxsize=4096)
def _judged(text: str, task: str | None, expected: str | None, answer: str) -> bool | None:
    return answers.is_correct(answers.Problem(text, task, expected), answer)


@lru_cache(maxsize=1)
def _recorded() -> str:
    if not RECORDING.exists():
        return json.dumps({"error": "No run was recorded for the first visit; press Run to make one."})
    return RECORDING.read_text()


def record(run: Run) -> None:
    """Keep a finished run as the one that first visitors see; app/recording.py makes one."""
    head = json.loads(reply(run, 0))
    head["run"]["environment"] = {}
    RECORDING.write_text(json.dumps(head, separators=(",", ":")))
