"""Any exported file as runs: its content says what it is, not its name."""

from __future__ import annotations

import json

from app.exchange import csv_table, event_log, json_record, parquet_table, replay
from engine.errors import BadInput
from engine.runs import Run

MAX_BYTES = 64 << 20
MAX_RUNS = 10_000


def read(content: bytes) -> list[Run]:
    """The runs that the file holds, at least one. Raises BadInput with one sentence."""
    if len(content) > MAX_BYTES:
        raise BadInput(f"The file has {len(content) / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} are read.")
    runs = _read(content)
    if not runs:
        raise BadInput("The file holds no run.")
    if len(runs) > MAX_RUNS:
        raise BadInput(f"The file holds {len(runs):,} runs; at most {MAX_RUNS:,} are read.")
    return runs


def _read(content: bytes) -> list[Run]:
    if content.startswith(b"PAR1"):
        return parquet_table.read(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("This is no file that Ponder exports: JSON, JSONL, CSV, Parquet or HTML.") from None
    start = text.lstrip()[:200]
    if start[:1] == "<":
        return replay.read(text)
    if start[:1] == "[":
        return json_record.read(text)
    if start[:1] == "{":
        return event_log.read(text) if _is_log(text) else json_record.read(text)
    if start.startswith("run,"):
        return csv_table.read(text)
    raise BadInput("This is no file that Ponder exports: JSON, JSONL, CSV, Parquet or HTML.")


def _is_log(text: str) -> bool:
    first = text.lstrip().partition("\n")[0]
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and isinstance(value.get("run"), dict)
