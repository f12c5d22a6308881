"""The choice of quality on the Run page: Fast, Balanced, Thorough, each with what it takes here and solves.

Layout, wording and wiring. A tier sets strategy, knobs and budget; changing one of these by hand makes it
"Custom". Does not know how tiers are chosen or foretold: app/tiers.py does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from app import tiers, warm_up
from app.knobs import Knobs
from app.messages import hint
from app.run_settings import slider_range
from app.service import Service
from app.tiers import Prediction, Tiers
from engine.errors import PonderError
from engine.lab.tiers import Measured
from engine.models import catalogue
from engine.strategies import STRATEGIES
from engine.tasks import identify
from storage.search import RunSummary

CUSTOM = "custom"
CHOICES = [*((title, name) for name, title in tiers.TITLES.items()), ("Custom", CUSTOM)]


@dataclass(frozen=True, slots=True)
class TierControl:
    """The tiers' radio and the table under it."""

    radio: gr.Radio
    table: gr.HTML


def build() -> TierControl:
    """Lay out the control in the current column; `wire` fills it."""
    with gr.Group(elem_classes="pd-field"):
        gr.HTML("<h2>Quality</h2>", apply_default_css=False)
        radio = gr.Radio(
            CHOICES, value=CUSTOM, label="Quality", show_label=False, interactive=False,
            elem_classes="pd-segments", elem_id="tier",
        )  # fmt: skip
        table = gr.HTML("", apply_default_css=False, elem_id="tiers")
    return TierControl(radio, table)


def wire(
    service: Service,
    control: TierControl,
    *,
    problem: gr.Textbox,
    model: gr.Dropdown,
    strategy: gr.Dropdown,
    unit: gr.Radio,
    amount: gr.Slider,
    knobs: Knobs,
) -> None:
    """Connect the tiers with the controls that they set, and with those that they depend on."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}

    def show(model_name: str, text: str) -> tuple[Any, str]:
        found = tiers.tiers_of(model_name or "")
        return gr.update(interactive=isinstance(found, Tiers)), table(service, found, family_of(text))

    def choose(name: str, model_name: str) -> list[Any]:
        found = tiers.tiers_of(model_name or "")
        if isinstance(found, str) or name == CUSTOM:
            return [gr.skip()] * (3 + len(knobs.all()))
        tier = tier_for(found, name)
        defaults = {knob.name: knob.default for knob in STRATEGIES[tier.strategy].parameters}
        shown = gr.update(**slider_range("tokens", tier.max_tokens))
        return [tier.strategy, "tokens", shown, *knobs.settings(tier.strategy, defaults | tier.params)]

    outputs = [control.radio, control.table]
    gr.on([model.change, problem.change], show, [model, problem], outputs, **quiet)
    gr.on(None, show, [model, problem], outputs, show_progress="hidden", api_visibility="private")
    control.radio.input(choose, [control.radio, model], [strategy, unit, amount, *knobs.all()], **quiet)
    by_hand = [changed.input for changed in (strategy, unit, amount, *knobs.all())]
    gr.on(by_hand, None, None, control.radio, js=f"() => {CUSTOM!r}", **quiet)


def tier_for(found: Tiers, name: str) -> Measured:
    """The tier of that name; where no more thinking was worth its tokens, the most thorough there is."""
    return found.tiers.get(name) or list(found.tiers.values())[-1]


def table(service: Service, found: Tiers | str, task: str | None) -> str:
    """What each tier is, takes here and solves; or, in one sentence, why there is none."""
    if isinstance(found, str):
        return hint(found)
    runs = timed_runs(service, found.model)
    prices = service.price_book.for_device(catalogue.find(found.model).device)
    rows, timed, seen = [], 0, {}
    for name, title in tiers.TITLES.items():
        tier = tier_for(found, name)
        if id(tier) in seen:
            rows.append(f'<tr><th scope="row">{title}</th><td colspan="3">as {seen[id(tier)]}</td></tr>')
            continue
        seen[id(tier)] = title
        rate, count = tiers.rate(found, tier, runs)
        timed = max(timed, count)
        rows.append(row(title, tier, tiers.predict(tier, rate, prices, task)))
    if timed:
        how = f"Seconds and dollars: from {timed} {'run' if timed == 1 else 'runs'} here."
    else:
        how = "Seconds and dollars follow the first run here."
    chosen = f"Chosen from {len(found.candidates)} on {found.problems} problems. {how}"
    head = "".join(f'<th scope="col">{words}</th>' for words in ("", "p50", "p95", "solves"))
    return (
        f'<table class="tr-tiers"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        + hint(chosen)
    )


def row(title: str, tier: Measured, foretold: Prediction) -> str:
    """One tier: p50 and p95 of the seconds and the share solved; below, what it is and what it costs."""
    solved = tier.accuracy
    cells = [
        seconds(foretold.p50_seconds),
        seconds(foretold.p95_seconds),
        f'<span title="95 % interval: {solved.low:.0%} to {solved.high:.0%}">{solved.value:.0%}</span>',
    ]
    what = escape(f"{STRATEGIES[tier.strategy].title}, ≤ {tier.max_tokens:,} tokens")
    cost = "" if foretold.p50_usd is None else f" · {dollars(foretold.p50_usd)}"
    return (
        f'<tr><th scope="row">{title}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        f'<tr class="tr-what"><td colspan="4">{what}{cost}</td></tr>'
    )


def seconds(value: float | None) -> str:
    """Seconds with two digits; a dash where nothing was measured."""
    if value is None:
        return '<span aria-label="not known">–</span>'
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s" if value >= 0.95 else f"{value:.2f} s"


def dollars(value: float) -> str:
    """Dollars with two digits that count."""
    return f"${value:.2f}" if value >= 0.1 else f"${float(f'{value:.2g}'):.8f}".rstrip("0").rstrip(".")


def family_of(text: str) -> str | None:
    """The family of a problem; None where it is of none."""
    try:
        return identify(text).task
    except PonderError:
        return None


def timed_runs(service: Service, model: str) -> Sequence[RunSummary]:
    """The latest runs of a model here, else those that the server's start made.

    None where the database does not answer, which is said elsewhere.
    """
    try:
        own = service.runs(filters={"model": model}, limit=tiers.LATEST_RUNS)
        return own or service.runs(filters={"model": model, "batch": warm_up.BATCH}, limit=tiers.LATEST_RUNS)
    except PonderError:
        return []
