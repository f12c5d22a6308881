"""The Run page: choose a problem, a strategy and a budget; watch the tree grow; read what it cost.

Layout and wiring only. The centre and the right are the run view, which pulls any run by itself: handlers
here submit and return, so a closed tab never ends a run, and two people never share more than the device.
"""

from __future__ import annotations

import json
import random
from typing import Any

import gradio as gr

from app import budget_control, knobs
from app.header import header
from app.messages import error_box, hint
from app.run_feed import RECORDED, feed
from app.run_view import run_view
from app.service import Service
from engine.errors import PonderError
from engine.models import catalogue
from engine.runs import Run, RunSpec
from engine.strategies import STRATEGIES
from engine.tasks import FAMILIES, Problem, identify

FAMILY_LABELS = {"countdown": "24", "arithmetic": "Sum", "story": "Story"}
FIRST_PROBLEM = "Use 4 5 6 10 to make 24."
FIRST_STRATEGY = "mcts"
SHOWN_RUN = "() => [window.ponder.shownRun || '']"  # handlers that concern the run on screen


def build(service: Service, model: str) -> None:
    """Lay out the page inside the current Blocks."""
    header("Run")
    with gr.Row(elem_id="run-page", equal_height=False):
        with gr.Column(elem_id="setup", scale=0, min_width=290):
            with gr.Group(elem_classes="pd-field"):
                gr.HTML('<h2 id="problem-title">Problem</h2>', apply_default_css=False)
                family = gr.Radio(
                    [(label, name) for name, label in FAMILY_LABELS.items()],
                    value="countdown", label="Kind of problem", show_label=False,
                    elem_classes="pd-segments", elem_id="family",
                )  # fmt: skip
                problem = gr.Textbox(
                    FIRST_PROBLEM, label="Problem", show_label=False, lines=2, max_lines=8,
                    placeholder="Type a problem, or take a new one", elem_id="problem",
                )  # fmt: skip
                with gr.Row(elem_classes="pd-links"):
                    new = gr.Button("New problem", elem_classes="pd-link", elem_id="new-problem")
                    easier = gr.Button("Easier", elem_classes="pd-link", elem_id="easier")
                    harder = gr.Button("Harder", elem_classes="pd-link", elem_id="harder")
                about = gr.HTML(hint(describe(FIRST_PROBLEM)), apply_default_css=False, elem_id="about")
                level = gr.State(4)
            with gr.Group(elem_classes="pd-field"):
                gr.HTML("<h2>Strategy</h2>", apply_default_css=False)
                strategy = gr.Dropdown(
                    [(s.title, s.name) for s in STRATEGIES.values()], value=FIRST_STRATEGY,
                    label="Strategy", show_label=False, filterable=False, elem_id="strategy",
                )  # fmt: skip
                idea = gr.HTML(hint(STRATEGIES[FIRST_STRATEGY].idea), apply_default_css=False)
            with gr.Group(elem_classes="pd-field"):
                gr.HTML("<h2>Budget</h2>", apply_default_css=False)
                unit = gr.Radio(
                    list(budget_control.UNITS), value="tokens", label="Budget counted in", show_label=False,
                    elem_classes="pd-segments", elem_id="unit",
                )  # fmt: skip
                least, most, step, default = budget_control.UNITS["tokens"]
                amount = gr.Slider(
                    least, most, default, step=step, label="Amount", show_label=False, elem_id="amount",
                    buttons=[],
                )  # fmt: skip
                buys = gr.HTML(hint(""), apply_default_css=False, elem_id="buys")
            with gr.Accordion("Advanced", open=False, elem_id="advanced"):
                controls = knobs.build(FIRST_STRATEGY)
                seed = gr.Number(
                    1, label="seed", info="The same seed and settings give the same tree.", precision=0
                )
                expected = gr.Textbox(
                    "", label="expected answer", info="Optional, for a problem of your own: decides ✓ or ✗.",
                )  # fmt: skip
                usable = [(facts.title, facts.name) for facts in catalogue.models() if facts.is_usable]
                chosen_model = gr.Dropdown(
                    usable, value=model,
                    label="model", allow_custom_value=True, elem_id="model",
                    info="A bundled model, a Hugging Face id in your cache, or a folder.",
                )  # fmt: skip
            problems = gr.HTML(error_box(""), apply_default_css=False, elem_id="problems")
            run = gr.Button("Run  ⏎", variant="primary", elem_id="run")
            stop = gr.Button("Stop", variant="stop", elem_id="stop")
        with gr.Column(elem_id="stage", scale=1, min_width=320):
            view = run_view(
                lambda asked: feed(service, str(asked.get("run", "")), int(asked.get("cursor") or 0))
            )

    hidden = gr.Textbox(visible=False)

    # ---- the problem
    def make(family_name: str, asked_level: int) -> tuple[str, int, str]:
        task = FAMILIES[family_name]
        asked_level = min(max(asked_level, task.difficulties[0]), task.difficulties[-1])
        fresh = task.generate(asked_level, random.Random())
        return fresh.text, asked_level, hint(describe(fresh.text))

    fresh_outputs = [problem, level, about]
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
    new.click(make, [family, level], fresh_outputs, **quiet)
    easier.click(lambda name, at: make(name, at - 1), [family, level], fresh_outputs, **quiet)
    harder.click(lambda name, at: make(name, at + 1), [family, level], fresh_outputs, **quiet)
    family.input(lambda name: make(name, 4 if name == "countdown" else 3), family, fresh_outputs, **quiet)
    problem.input(lambda text: hint(describe(text)), problem, about, **quiet)

    # ---- strategy and budget
    forecast_inputs = [strategy, unit, amount, problem, chosen_model, *controls.all()]

    def buy(name: str, counted: str, limit: float, text: str, model_name: str, *values: Any) -> str:
        try:
            limits = budget_control.budget(counted, limit)
            facts = catalogue.find(model_name)
        except PonderError as error:
            return hint(str(error))
        measured = budget_control.speed(service.runs(limit=20), model_name)
        params = controls.params(name, values)
        return hint(budget_control.forecast(name, params, limits, task_of(text), measured, facts.parameters))

    def choose(name: str) -> list[Any]:
        return [hint(STRATEGIES[name].idea), *controls.visibility(name)]

    strategy.change(choose, strategy, [idea, *controls.groups.values()], **quiet).then(
        buy, forecast_inputs, buys, **quiet
    )

    def in_unit(counted: str) -> Any:
        low, high, places, value = budget_control.UNITS[counted]
        return gr.update(minimum=low, maximum=high, step=places, value=value)

    unit.input(in_unit, unit, amount, **quiet).then(buy, forecast_inputs, buys, **quiet)
    for control in (amount, *controls.all()):
        control.change(buy, forecast_inputs, buys, **quiet)

    # ---- run and stop
    def start(
        text: str,
        name: str,
        counted: str,
        limit: float,
        number: float,
        right: str,
        model_name: str,
        *values: Any,
    ) -> tuple[Any, str]:
        try:
            spec = RunSpec(
                problem=text,
                model=model_name or "",
                strategy=name,
                params=controls.params(name, values),
                expected=right.strip() or None,
                seed=int(number or 0),
                budget=budget_control.budget(counted, limit),
            )
            started = service.submit(spec)
        except PonderError as error:
            return gr.skip(), error_box(str(error))
        return json.dumps({"run": started.id}), error_box("")

    start_inputs = [problem, strategy, unit, amount, seed, expected, chosen_model, *controls.all()]
    for trigger in (run.click, problem.submit):
        trigger(
            start, start_inputs, [view, problems], show_progress="hidden", api_visibility="private",
            concurrency_limit=None,
        )  # fmt: skip
    stop.click(service.cancel, hidden, None, js=SHOWN_RUN, **quiet)

    # ---- opening a link
    def open_link(request: gr.Request) -> list[Any]:
        query = request.query_params
        shown = query.get("run", "")
        if not shown:
            return [
                json.dumps({"run": RECORDED, "autoplay": True}),
                *[gr.skip()] * len(restored),
                error_box(""),
            ]
        wanted = {"run": shown, "node": number_in(query.get("node")), "at": number_in(query.get("at"))}
        try:
            found = service.get(shown)
        except PonderError as error:
            return [json.dumps({"run": RECORDED}), *[gr.skip()] * len(restored), error_box(str(error))]
        return [json.dumps(wanted), *settings_of(found), error_box("")]

    def settings_of(found: Run) -> list[Any]:
        spec = found.spec
        counted, limit = "tokens", spec.budget.max_tokens
        if spec.budget.max_seconds is not None:
            counted, limit = "seconds", spec.budget.max_seconds
        elif spec.budget.max_usd is not None:
            counted, limit = "dollars", spec.budget.max_usd
        low, high, step, _ = budget_control.UNITS[counted]
        shown_amount = gr.skip() if limit is None else gr.update(
            minimum=low, maximum=max(high, limit), step=step, value=limit
        )  # fmt: skip
        own = spec.task is None
        return [
            spec.problem,
            hint(describe(spec.problem)),
            spec.task if spec.task in FAMILY_LABELS else gr.skip(),
            spec.strategy,
            counted,
            shown_amount,
            spec.seed,
            (spec.expected or "") if own else "",
            spec.model,
            *controls.settings(spec.strategy, spec.params),
        ]

    restored = [problem, about, family, strategy, unit, amount, seed, expected, chosen_model, *controls.all()]
    gr.on(
        None, open_link, None, [view, *restored, problems], show_progress="hidden", api_visibility="private"
    ).then(buy, forecast_inputs, buys, **quiet)


def describe(text: str) -> str:
    """What kind of problem this is, in a few words; "" where it is none of the families."""
    read = _read(text)
    if read is None or read.task is None:
        return "Not a problem the bundled models know; another model may." if text.strip() else ""
    task = FAMILIES[read.task]
    return f"{task.title}, {read.difficulty} {task.unit}"


def task_of(text: str) -> str | None:
    """The family of a problem, None for free text."""
    read = _read(text)
    return read.task if read else None


def number_in(word: str | None) -> float | None:
    """A number from a link, None where it is none."""
    try:
        return float(word) if word else None
    except ValueError:
        return None


def _read(text: str) -> Problem | None:
    try:
        return identify(text)
    except PonderError:
        return None
