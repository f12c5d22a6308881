"""The JSON record: one run as an object, several as a list of them, the same as the command line prints."""

from __future__ import annotations

import json
from collections.abc import Sequence

from app.exchange.records import run_of
from engine.errors import BadInput
from engine.runs import Run


def write(runs: Sequence[Run]) -> bytes:
    """The file."""
    records = [run.record() for run in runs]
    return json.dumps(records[0] if len(records) == 1 else records, ensure_ascii=False, indent=1).encode()


def read(text: str) -> list[Run]:
    """The runs of a file that holds one record, a list of them, or one a line. Raises BadInput."""
    try:
        value = json.loads(text)
        records = value if isinstance(value, list) else [value]
    except (ValueError, RecursionError):
        try:
            records = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            raise BadInput("The file is not JSON.") from None
    return [run_of(record) for record in records]
