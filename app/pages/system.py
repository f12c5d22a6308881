"""The System page: what works here, models, measurements, prices, limits, strategy cards, words, and the API.

Layout and wiring only. Prices hold for everybody, so only a person at this machine may change them.
"""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from app import plotly_view, scripts, system_claims, system_facts, system_view
from app.header import header
from app.service import Service
from app.visitors import is_local
from engine.errors import PonderError

ELSEWHERE = "Prices hold for everybody: they are changed on the machine that Ponder runs on."


def build(service: Service, model: str) -> None:
    """Lay out the page inside the current Blocks."""

    def look(asked: dict[str, Any]) -> str:
        """The doctor's table, the models, what was measured, or one of its figures, as JSON; or {"error"}."""
        try:
            match asked.get("what"):
                case "models":
                    return json.dumps({"rows": system_facts.models()})
                case "tiers":
                    return json.dumps(system_facts.measured(model))
                case "claims":
                    return json.dumps(system_claims.claims())
                case "chart":
                    return json.dumps(system_claims.chart(str(asked.get("name"))))
                case _:
                    return json.dumps({"rows": system_facts.checks(is_again=bool(asked.get("again")))})
        except PonderError as error:
            return json.dumps({"error": str(error)})

    def prices(asked: dict[str, Any], request: gr.Request) -> str:
        """The price book as JSON, after a change where one is asked for; or {"error"}."""
        may_change = is_local(request)
        try:
            if asked.get("action") in ("change", "usual"):
                if not may_change:
                    return json.dumps({"error": ELSEWHERE})
                system_facts.change_price(service, asked)
        except PonderError as error:
            return json.dumps({"error": str(error)})
        why_not = "" if may_change else ELSEWHERE
        return json.dumps(system_facts.prices(service) | {"why_not": why_not})

    header("System")
    gr.HTML(
        html_template=system_view.template(),
        js_on_load=(
            "window.ponder.mountSystem(element, (asked) => server.look(asked),"
            f" (asked) => server.prices(asked), {json.dumps(plotly_view.source())});"
        ),
        head=scripts.tags(scripts.SYSTEM),
        server_functions=[look, prices],
        apply_default_css=False,
        elem_id="system",
    )
