"""The command line: which commands there are, and how an error becomes one line and an exit code.

Exit codes: 0 done; 2 bad input or a machine that cannot do it, with one line on stderr; 3 interrupted.
Each command lives in `app/commands/` and is imported only when it is called, so that `--help`, `strategies`
and the like start fast.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from engine.errors import BadInput, PonderError

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 3
DEFAULT_MODEL = "ponder-3m"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print its usage too."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message[:1].upper()}{message[1:].rstrip('.')}; see {self.prog} --help.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help")):
        arguments = ["serve", *arguments]
    is_debugging = bool(os.environ.get("PONDER_DEBUG"))
    _quiet(is_debugging)
    try:
        parsed = _parser().parse_args(arguments)
        return importlib.import_module(f"app.commands.{parsed.command}").run(parsed)
    except PonderError as error:
        _say(str(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has enough: `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if is_debugging:
            raise
        _say(f"Ponder failed on {type(error).__name__}: {error} (PONDER_DEBUG=1 shows where).")
        return 1


def _say(sentence: str) -> None:
    print(" ".join(sentence.split()), file=sys.stderr)


def _quiet(is_debugging: bool) -> None:
    """Libraries' remarks do not belong beside the one line that says what is wrong."""
    if is_debugging:
        logging.basicConfig(level=logging.INFO)
        return
    warnings.simplefilter("ignore")
    logging.basicConfig(handlers=[logging.NullHandler()])
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python app.py", description="Watch a language model think: run, see, compare.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve the page (what python app.py does by itself)")
    serve.add_argument("--host", help="address to listen on (default: 127.0.0.1, this machine only)")
    serve.add_argument("--port", type=int, help="port to listen on (default: 7860)")
    serve.add_argument("--model", default=DEFAULT_MODEL, help="model chosen at first (default: %(default)s)")

    run = commands.add_parser("run", help="run a strategy on one problem, or on a file of them")
    run.add_argument("problem", nargs="?", metavar="PROBLEM", help='for example "Use 3 5 7 9 to make 24."')
    run.add_argument(
        "--file", metavar="JSONL", help='one problem a line: {"problem", "task"?, "expected"?, "tests"?}'
    )
    run.add_argument("--model", default=DEFAULT_MODEL, help="name, hub id or folder (default: %(default)s)")
    run.add_argument("--strategy", default="chain_of_thought", help="see `strategies` (default: %(default)s)")
    run.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a strategy's parameter"
    )
    run.add_argument("--scorer", help="short for --set scorer=…")
    run.add_argument("--max-tokens", type=int, help="budget in generated and scored tokens")
    run.add_argument("--max-seconds", type=float, help="budget in seconds")
    run.add_argument("--max-flops", type=float, help="budget in floating-point operations")
    run.add_argument("--max-usd", type=float, help="budget in dollars")
    run.add_argument("--seed", type=int, default=0, help="same seed and settings, same tree (default: 0)")
    run.add_argument("--expected", help="the right answer, where you know it")
    run.add_argument("--task", help="the problem's family, instead of finding it out")
    run.add_argument("--json", action="store_true", help="print the run's record as JSON")
    run.add_argument("--no-save", action="store_true", help="do not keep the run in History")

    reselect = commands.add_parser(
        "reselect", help="choose again from a stored run by another rule, at no cost"
    )
    reselect.add_argument("run", metavar="RUN", help="the run's id, as `run` prints it")
    reselect.add_argument(
        "--select", default="best", help="best, weighted or majority (default: %(default)s)"
    )
    reselect.add_argument(
        "--aggregate",
        default="last",
        help="last, min, product or mean of a path's steps (default: %(default)s)",
    )
    reselect.add_argument(
        "--scorer", metavar="NAME", help="whose stored scores count (default: the run's own)"
    )
    reselect.add_argument("--json", action="store_true", help="print the choice as JSON")

    export = commands.add_parser("export", help="a stored run as a file: record, log, table or replay")
    export.add_argument("run", metavar="RUN", help="the run's id, as `run` prints it")
    export.add_argument(
        "--format", default="json", help="json, jsonl, csv, parquet or html (default: %(default)s)"
    )
    export.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")

    strategies = commands.add_parser("strategies", help="every strategy and its parameters")
    strategies.add_argument("--json", action="store_true")

    models = commands.add_parser("models", help="every model, and whether it can be used here")
    models.add_argument("--json", action="store_true")

    train = commands.add_parser("train", help="make a bundled model anew")
    train.add_argument("name", metavar="NAME", help="for example ponder-3m")
    train.add_argument("--tokens", type=int, help="train on this many tokens instead of the recipe's")
    train.add_argument("--minutes", type=float, help="end after this long")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    train.add_argument("--work", default="training", help="folder for checkpoints (default: %(default)s)")

    bench = commands.add_parser("bench", help="measure what this machine and its models do")
    bench.add_argument(
        "name", metavar="NAME", help="decoding (against its peers), clients, tiers, claims or prediction"
    )
    bench.add_argument("--minutes", type=float, help="how long (clients; default: 1)")
    bench.add_argument("--json", action="store_true")
    bench.add_argument("--quick", action="store_true", help="20 problems a cell, to look only (claims)")
    bench.add_argument(
        "--only", action="append", metavar="CLAIM", help="this claim; may be repeated (claims)"
    )
    bench.add_argument("--problems", type=int, help="of each kind (tiers; default: 10)")
    bench.add_argument(
        "--model", default=DEFAULT_MODEL, help="the model measured (tiers, claims; default: %(default)s)"
    )
    bench.add_argument(
        "--work", default="build/claims", help="folder of finished cells (default: %(default)s)"
    )
    bench.add_argument("--again", action="store_true", help="measure all finished cells anew (claims)")
    bench.add_argument(
        "--publish", action="store_true", help="put report, figures and runs into this repository (claims)"
    )

    doctor = commands.add_parser("doctor", help="what works on this machine, and why not where it does not")
    doctor.add_argument("--json", action="store_true")
    return parser
