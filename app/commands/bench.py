"""`python app.py bench NAME`: measured ratios, printed as they come."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from app.command_line import DONE
from engine.errors import BadInput

NAMES = ("decoding",)


def run(arguments: Namespace) -> int:
    """Measure and print. Raises BadInput for an unknown name."""
    if arguments.name not in NAMES:
        raise BadInput(f"There is no benchmark “{arguments.name}”; there is {', '.join(NAMES)}.")
    from engine.bench import decoding, machine

    found = []
    for case in decoding.cases(extra=_live):
        found.append(case)
        line = f"{case.name:48} {case.ratio:7.2f}  ({case.low:.2f} to {case.high:.2f})  {case.meaning}"
        print(line, file=sys.stderr if arguments.json else sys.stdout, flush=True)
    if arguments.json:
        print(
            json.dumps({"cases": [asdict(case) for case in found], "machine": machine.describe()}, indent=2)
        )
    return DONE


def _live() -> Iterator[Any]:
    from app.live_cost import case

    yield case()
