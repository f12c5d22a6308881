"""What the Run page asks about a run beside its events: another choice from it, and a file of it.

Knows the service, reselection and the formats. Every answer is JSON text, {"error"} where there is none.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from app import scorers
from app.exchange import format_named
from app.run_feed import RECORDED
from app.service import Service
from engine.errors import BadInput, PonderError
from engine.reselection import reselect
from engine.runs import Run


def reselected(service: Service, asked: Mapping[str, Any]) -> str:
    """The answer that another rule chooses from a run, and why."""
    try:
        run = _over(service.get(str(asked.get("run"))))
        scorer = asked.get("scorer") or None
        found = reselect(run, str(asked.get("select")), str(asked.get("aggregate")), scorer)
    except PonderError as error:
        return json.dumps({"error": str(error)})
    return json.dumps(
        {
            "node": found.node.id,
            "answer": found.answer,
            "is_correct": found.is_correct,
            "reason": found.reason,
            "note": found.note,
            "scorer_title": scorers.title(found.scorer),
            "is_other": found.answer != run.answer,
        }
    )


def exported(service: Service, ids: Sequence[str], format_name: str) -> str:
    """Runs as one file: {"name", "media_type", "base64"}."""
    try:
        form = format_named(format_name)
        if not ids:
            raise BadInput("Choose at least one run to export.")
        if RECORDED in ids:
            raise BadInput("The recorded run is a sample; run it live, then export your own.")
        content = form.write([_over(service.get(run_id)) for run_id in ids])
    except PonderError as error:
        return json.dumps({"error": str(error)})
    name = f"ponder-{ids[0]}" if len(ids) == 1 else f"ponder-{len(ids)}-runs"
    encoded = base64.b64encode(content).decode()
    return json.dumps({"name": name + form.suffix, "media_type": form.media_type, "base64": encoded})


def _over(run: Run) -> Run:
    if not run.is_over:
        raise BadInput("The run still goes on; wait for its end, or stop it.")
    return run
