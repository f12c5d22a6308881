"""`python app.py run`: one problem, or a file of them in one batch; prints records, saves them.

An interrupt (Ctrl-C, or SIGTERM) ends the runs after their decode step: what they have is saved and printed,
and the exit code is 3. A second one ends the program at once.
"""

from __future__ import annotations

import itertools
import json
import signal
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from app.command_line import BAD_INPUT, DONE, INTERRUPTED
from app.commands.problems import read_problems
from engine.budget import Budget
from engine.errors import BadInput, PonderError
from engine.runs import Run, RunSpec
from engine.strategies import STRATEGIES, Parameter

LOOK_EVERY_SECONDS = 0.1  # at the runs of a batch, for what to print


def run(arguments: Namespace) -> int:
    """Check everything, then run it. Raises PonderError before anything has started."""
    common = common_spec(arguments)
    if (arguments.problem is None) == (arguments.file is None):
        raise BadInput("Give one PROBLEM, or --file with one a line.")
    if arguments.file is not None and (arguments.expected is not None or arguments.task is not None):
        raise BadInput('With --file, each line has its own "expected" and "task".')
    specs: list[tuple[int | None, RunSpec]] = []
    if arguments.file is None:
        specs.append(
            (None, RunSpec(arguments.problem, task=arguments.task, expected=arguments.expected, **common))
        )
    else:
        specs += [(number, RunSpec(**line, **common)) for number, line in read_problems(arguments.file)]

    from app.service import Service

    service = Service(threaded=False, is_saving=not arguments.no_save)
    try:
        for number, spec in specs:
            check(service, spec, arguments.file, number)
        runs = service.submit_all([spec for _, spec in specs])
    except BaseException:
        service.close()
        raise
    if arguments.file is not None:
        return run_batch(service, runs)
    return run_one(service, runs[0], arguments.json)


def common_spec(arguments: Namespace) -> dict[str, Any]:
    """What all runs of one command share. Raises BadInput."""
    params = dict(parameter(arguments.strategy, words) for words in arguments.set)
    if arguments.scorer is not None:
        params["scorer"] = arguments.scorer
    budget = Budget(arguments.max_tokens, arguments.max_seconds, arguments.max_flops, arguments.max_usd)
    return {
        "model": arguments.model,
        "strategy": arguments.strategy,
        "params": params,
        "seed": arguments.seed,
        "budget": budget,
    }


def parameter(strategy: str, words: str) -> tuple[str, Any]:
    """NAME=VALUE as a value of the parameter's type; what does not fit is left for the registry to refuse."""
    name, sign, value = words.partition("=")
    if not sign or not name:
        raise BadInput(f"--set takes NAME=VALUE, for example --set n=16, not {words!r}.")
    known: tuple[Parameter, ...] = STRATEGIES[strategy].parameters if strategy in STRATEGIES else ()
    types = {parameter.name: parameter.type for parameter in known}
    try:
        match types.get(name):
            case "int":
                return name, int(value)
            case "float":
                return name, float(value)
            case "bool":
                return name, {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[
                    value.lower()
                ]
    except (ValueError, KeyError):
        pass
    return name, value


def check(service: Any, spec: RunSpec, file: str | None, number: int | None) -> None:
    """Raise what submitting would, naming the line of the file."""
    try:
        service.check(spec)
    except PonderError as error:
        if number is None:
            raise
        raise BadInput(f"{file}, line {number}: {error}") from None


def run_one(service: Any, run: Run, as_json: bool) -> int:
    """Run to the end and print the record, or what a person wants to see of it."""
    with interruptible() as interrupted, _spinner(as_json) as show:
        while service.step() and not interrupted.is_set():
            show(f"{run.spec.strategy}: {run.usage.spent_tokens:,} tokens, {len(run.tree.nodes) - 1:,} nodes")
    service.close()
    if as_json:
        print(json.dumps(run.record()))
    elif run.status != "failed":
        from app.commands.report import show_run

        show_run(run)
    if run.status == "failed":
        print(run.status_reason, file=sys.stderr)
        return BAD_INPUT
    return INTERRUPTED if run.status == "interrupted" else DONE


def run_batch(service: Any, runs: list[Run]) -> int:
    """Run all in one batch; a record a line in the file's order, each as soon as those before it are over."""
    from tqdm import tqdm

    waiting = list(runs)  # to be printed
    looked_at = 0.0
    with interruptible() as interrupted, tqdm(total=len(runs), unit="problem", file=sys.stderr) as progress:
        while service.step() and not interrupted.is_set():
            if time.monotonic() - looked_at > LOOK_EVERY_SECONDS:
                over = list(itertools.takewhile(lambda run: run.is_over, waiting))
                if over:
                    service.flush()  # what is printed is saved
                    print_records(over)
                    del waiting[: len(over)]
                progress.update(len(runs) - len(waiting) + sum(run.is_over for run in waiting) - progress.n)
                looked_at = time.monotonic()
        progress.update(sum(run.is_over for run in runs) - progress.n)
    service.close()
    print_records(waiting)
    failed = [run for run in runs if run.status == "failed"]
    if failed:
        print(
            f"{len(failed)} of {len(runs)} runs failed; the first: {failed[0].status_reason}", file=sys.stderr
        )
    if any(run.status == "interrupted" for run in runs):
        return INTERRUPTED
    return BAD_INPUT if len(failed) == len(runs) else DONE


def print_records(runs: list[Run]) -> None:
    """One JSON record a line."""
    for run in runs:
        print(json.dumps(run.record()), flush=True)


@contextmanager
def interruptible() -> Generator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets; the next one acts as usual."""
    interrupted = threading.Event()
    usual = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)}

    def note(kind: int, _: object) -> None:
        interrupted.set()
        signal.signal(kind, usual[signal.Signals(kind)])

    for kind in usual:
        signal.signal(kind, note)
    try:
        yield interrupted
    finally:
        for kind, handler in usual.items():
            signal.signal(kind, handler)


@contextmanager
def _spinner(is_silent: bool) -> Generator[Any]:
    """A live line on a terminal's stderr; nothing elsewhere."""
    if is_silent or not sys.stderr.isatty():
        yield lambda words: None
        return
    from rich.console import Console

    with Console(stderr=True).status("Loading the model …") as status:
        yield status.update
