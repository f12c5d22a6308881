"""The Run page: choose a problem, a strategy and a budget; watch the tree grow; read what it cost.

Layout and wiring only. The centre and the right are the run view, which pulls any run by itself: handlers
here submit and return, so a closed tab never ends a run, and two people never share more than the device.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import gradio as gr

from app import budget_control, knobs, run_answers, tier_control
from app.header import header
from app.messages import banner, error_box, hint, mistake
from app.run_feed import RECORDED, feed
from app.run_fork import fork_bar, origin_in
from app.run_restore import restore_from_file, settings_in
from app.run_settings import (
    FAMILY_LABELS,
    FIRST_LEVELS,
    describe,
    in_one_unit,
    is_general,
    slider_range,
    tests_as_text,
    tests_hint,
    tests_in,
)
from app.run_view import run_view
from app.service import Service
from app.typed_slider import TypedSlider
from app.visitors import owner_of
from engine.errors import PonderError
from engine.models import catalogue
from engine.runs import RunSpec
from engine.sandbox import choosing
from engine.strategies import STRATEGIES
from engine.tasks import FAMILIES

FIRST_PROBLEM = "Use 4 5 6 10 to make 24."
FIRST_STRATEGY = "mcts"
SHOWN_RUN = "() => [window.ponder.shownRun || '']"  # handlers that concern the run on screen
RUN_LABEL, FORK_LABEL = "Run  ⏎", "Run the fork  ⏎"


def build(service: Service, model: str) -> None:
    """Lay out the page inside the current Blocks."""
    header("Run")
    warning = gr.HTML("", apply_default_css=False, elem_id="banner")
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
                level = gr.State(FIRST_LEVELS["countdown"])
                with gr.Group(visible=is_general(model), elem_classes="pd-tests") as tests_group:
                    tests = gr.Textbox(
                        "", label="tests, where it asks for a program", lines=2, max_lines=10,
                        placeholder="[[[1, 2], 3], [[-1, 5], 4]]", elem_id="tests",
                    )  # fmt: skip
                    about_tests = gr.HTML(hint(""), apply_default_css=False)
            tier = tier_control.build()
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
                amount = TypedSlider(
                    **slider_range("tokens", None), label="Amount", show_label=False, elem_id="amount",
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
            restored_file = restore_from_file()
            fork = fork_bar()
            problems = gr.HTML(error_box(""), apply_default_css=False, elem_id="problems")
            run = gr.Button(RUN_LABEL, variant="primary", elem_id="run")
            stop = gr.Button("Stop", variant="stop", elem_id="stop")
        with gr.Column(elem_id="stage", scale=1, min_width=320):
            view = run_view(
                lambda asked: feed(service, str(asked.get("run", "")), int(asked.get("cursor") or 0)),
                lambda asked: run_answers.reselected(service, asked),
                lambda asked: run_answers.exported(service, [str(asked["run"])], str(asked.get("format"))),
            )

    hidden = gr.Textbox(visible=False)
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
    asked_inputs = [
        problem, tests, strategy, unit, amount, seed, expected, chosen_model, fork, *controls.all()
    ]  # fmt: skip

    def asked(
        text: str,
        typed_tests: str,
        name: str,
        counted: str,
        limit: float | None,
        number: float,
        right: str,
        model_name: str,
        forked_from: str,
        *values: Any,
    ) -> RunSpec:
        """The spec that the controls state. Raises BadInput."""
        return RunSpec(
            problem=text,
            model=model_name or "",
            strategy=name,
            params=controls.params(name, values),
            expected=right.strip() or None,
            seed=int(number or 0),
            budget=budget_control.budget(counted, limit),
            tests=tests_in(typed_tests) if is_general(model_name) else None,
            origin=origin_in(forked_from),
        )

    # ---- what it will take
    def foretell(*values: Any) -> str:
        try:
            return hint(budget_control.in_words(service.foretell(asked(*values))))
        except PonderError as error:
            return mistake(str(error))

    forecast: dict[str, Any] = {"fn": foretell, "inputs": asked_inputs, "outputs": buys, **quiet}

    # ---- the problem
    def make(family_name: str, asked_level: int) -> tuple[str, int, str]:
        task = FAMILIES[family_name]
        asked_level = min(max(asked_level, task.difficulties[0]), task.difficulties[-1])
        fresh = task.generate(asked_level, random.Random())
        return fresh.text, asked_level, hint(describe(fresh.text))

    fresh_outputs = [problem, level, about]
    for trigger, act, inputs in (
        (new.click, make, [family, level]),
        (easier.click, lambda name, at: make(name, at - 1), [family, level]),
        (harder.click, lambda name, at: make(name, at + 1), [family, level]),
        (family.input, lambda name: make(name, FIRST_LEVELS[name]), [family]),
    ):
        trigger(act, inputs, fresh_outputs, **quiet).then(
            lambda: ("", RUN_LABEL), None, [fork, run], **quiet
        ).then(**forecast)
    problem.input(
        lambda text, name: (hint(describe(text, name)), "", RUN_LABEL), [problem, chosen_model],
        [about, fork, run], **quiet,
    ).then(**forecast)  # fmt: skip

    def choose_model(name: str, text: str) -> tuple[Any, str, str]:
        is_open = is_general(name)
        return gr.update(visible=is_open), hint(tests_hint() if is_open else ""), hint(describe(text, name))

    chosen_model.change(
        choose_model, [chosen_model, problem], [tests_group, about_tests, about], **quiet
    ).then(**forecast)

    # ---- strategy and budget
    def choose(name: str) -> list[Any]:
        return [hint(STRATEGIES[name].idea), *controls.visibility(name)]

    strategy.change(choose, strategy, [idea, *controls.groups.values()], **quiet).then(**forecast)
    unit.input(lambda counted: gr.update(**slider_range(counted, None)), unit, amount, **quiet).then(
        **forecast
    )
    # One event for all: the page's start takes longer with each.
    gr.on([control.change for control in (amount, *controls.all())], trigger_mode="always_last", **forecast)

    tier_control.wire(
        service, tier, problem=problem, model=chosen_model, strategy=strategy, unit=unit, amount=amount,
        knobs=controls,
    )  # fmt: skip

    # ---- a fork
    def show_fork(value: str) -> list[Any]:
        if not value:
            return [gr.skip(), gr.skip(), gr.skip(), RUN_LABEL]
        try:
            origin = origin_in(value)
            spec = service.get(origin.run).spec if origin else None
        except PonderError as error:
            return [gr.skip(), hint(str(error)), gr.skip(), RUN_LABEL]
        assert spec is not None
        return [spec.problem, hint(describe(spec.problem, spec.model)), tests_as_text(spec.tests), FORK_LABEL]

    fork.submit(show_fork, fork, [problem, about, tests, run], **quiet).then(**forecast)

    # ---- run and stop
    def start(request: gr.Request, *values: Any) -> tuple[Any, ...]:
        try:
            started = service.submit(replace(asked(*values), owner=owner_of(request)))
        except PonderError as error:
            return gr.skip(), error_box(str(error)), gr.skip(), gr.skip()
        return json.dumps({"run": started.id}), error_box(""), "", RUN_LABEL

    for trigger in (run.click, problem.submit):
        trigger(
            start, asked_inputs, [view, problems, fork, run], show_progress="hidden",
            api_visibility="private", concurrency_limit=None,
        )  # fmt: skip
    stop.click(service.cancel, hidden, None, js=SHOWN_RUN, **quiet)

    # ---- settings from elsewhere: a link, or a file
    restored = [
        problem, tests, about, family, strategy, unit, amount, seed, expected, chosen_model, *controls.all()
    ]  # fmt: skip

    def settings_of(spec: RunSpec) -> list[Any]:
        counted, limit = in_one_unit(spec.budget)
        return [
            spec.problem,
            tests_as_text(spec.tests),
            hint(describe(spec.problem, spec.model)),
            spec.task if spec.task in FAMILY_LABELS else gr.skip(),
            spec.strategy if spec.strategy in STRATEGIES else gr.skip(),
            counted,
            gr.skip() if limit is None else gr.update(**slider_range(counted, limit)),
            spec.seed,
            (spec.expected or "") if spec.task is None else "",
            spec.model,
            *controls.settings(spec.strategy, spec.params),
        ]

    def open_link(request: gr.Request) -> list[Any]:
        query = request.query_params
        shown = query.get("run", "")
        unchanged = [gr.skip()] * len(restored)
        if not shown:
            return [json.dumps({"run": RECORDED, "autoplay": True}), *unchanged, error_box("")]
        wanted = {"run": shown, "node": number_in(query.get("node")), "at": number_in(query.get("at"))}
        try:
            found = service.get(shown)
        except PonderError as error:
            return [json.dumps({"run": RECORDED}), *unchanged, error_box(str(error))]
        return [json.dumps(wanted), *settings_of(found.spec), error_box("")]

    def restore(value: str) -> list[Any]:
        try:
            return [*settings_of(settings_in(value)), error_box("")]
        except PonderError as error:
            return [*[gr.skip()] * len(restored), error_box(str(error))]

    gr.on(
        None, open_link, None, [view, *restored, problems], show_progress="hidden", api_visibility="private"
    ).then(**forecast)
    restored_file.submit(restore, restored_file, [*restored, problems], **quiet).then(**forecast)
    gr.on(
        None, lambda: (banner(choosing.choice().banner), hint(tests_hint())), None, [warning, about_tests],
        **quiet,
    )  # fmt: skip


def number_in(word: str | None) -> float | None:
    """A number from a link, None where it is none."""
    try:
        return float(word) if word else None
    except ValueError:
        return None
