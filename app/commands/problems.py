r"""Problems for the command line: from one argument, or from a file with one JSON object a line.

    {"problem": "Use 3 5 7 9 to make 24.", "task": "countdown", "expected": null}
    {"problem": "def add(a, b):\n    \"\"\"The sum.\"\"\"\n", "tests": [[[1, 2], 3], [[-1, 5], 4]]}

Only "problem" is needed; "tests" are pairs of an input and an output, or Python source (see
`engine.tasks.code`). Other keys than these four are left alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.errors import BadInput

MAX_PROBLEMS = 100_000


def read_problems(path: str) -> list[tuple[int, dict[str, Any]]]:
    """Each problem of a file with its line number. Raises BadInput, naming the line that is wrong."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"The file {path} is not UTF-8 text.") from None
    except OSError as error:
        raise BadInput(f"The file {path} cannot be read: {error.strerror}.") from None
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                found.append((number, _problem(line)))
            except BadInput as error:
                raise BadInput(f"{path}, line {number}: {error}") from None
    if not found:
        raise BadInput(f"The file {path} has no problems; one JSON object a line is expected.")
    if len(found) > MAX_PROBLEMS:
        raise BadInput(f"The file {path} has {len(found):,} problems; at most {MAX_PROBLEMS:,} can be run.")
    return found


def _problem(line: str) -> dict[str, Any]:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise BadInput("not a JSON object.") from None
    if not isinstance(value, dict) or not isinstance(value.get("problem"), str):
        raise BadInput('a JSON object with a text "problem" is expected.')
    task, expected = value.get("task"), value.get("expected")
    if task is not None and not isinstance(task, str):
        raise BadInput('"task" must be the name of a family.')
    if isinstance(expected, bool | list | dict):
        raise BadInput('"expected" must be text or a number.')
    return {
        "problem": value["problem"],
        "task": task,
        "expected": None if expected is None else str(expected),
        "tests": value.get("tests"),
    }
