"""Runs as files: every format that can be written, and read again, by name.

Knows formats. Does not know where runs are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.exchange import csv_table, event_log, json_record, parquet_table, replay
from engine.errors import BadInput
from engine.runs import Run

__all__ = ["FORMATS", "Format", "format_named"]


@dataclass(frozen=True, slots=True)
class Format:
    """One format: `write` gives the whole file; `holds_many` where one file can hold several runs."""

    name: str
    title: str
    suffix: str
    media_type: str
    holds_many: bool
    write: Callable[[Sequence[Run]], bytes]


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("json", "JSON record", ".json", "application/json", True, json_record.write),
        Format("jsonl", "JSONL events", ".jsonl", "application/jsonl", True, event_log.write),
        Format("csv", "CSV, a row for each node", ".csv", "text/csv", True, csv_table.write),
        Format(
            "parquet",
            "Parquet, a row for each node",
            ".parquet",
            "application/vnd.apache.parquet",
            True,
            parquet_table.write,
        ),
        Format("html", "HTML replay in one file", ".html", "text/html", False, replay.write),
    )
}


def format_named(name: str) -> Format:
    """Raises BadInput for a format that there is not."""
    if name not in FORMATS:
        raise BadInput(f"There is no format “{name}”; there are {', '.join(FORMATS)}.")
    return FORMATS[name]
