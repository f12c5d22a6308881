"""CSV: a row for each node; lists and objects are JSON text.

A text that a spreadsheet would take for a formula gets an apostrophe before it, which reading takes away.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from app.exchange.node_rows import LISTS, OBJECTS, rows_of, runs_of
from engine.errors import BadInput
from engine.runs import Run

FORMULA = ("=", "+", "-", "@", "\t", "\r")
MAX_FIELD_CHARACTERS = 16_000_000
WHOLE = ("id", "parent", "tokens", "struck")
NUMBERS = ("logprob", "confidence", "created_s", "finished_s")
TRUTHS = ("is_final", "thinking")


def write(runs: Sequence[Run]) -> bytes:
    """The file, in UTF-8 with the mark that spreadsheets look for."""
    columns, rows = rows_of(runs)
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([_cell(column, row.get(column)) for column in columns] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def read(text: str) -> list[Run]:
    """Raises BadInput."""
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        return runs_of({name: _value(name, cell) for name, cell in row.items()} for row in rows)
    except (csv.Error, ValueError, TypeError, RecursionError) as error:
        raise BadInput(f"The table cannot be read: {error}.") from None


def _cell(column: str, value: Any) -> str:
    if value is None:
        return ""
    if column in LISTS or column in OBJECTS:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    return f"'{value}" if value.lstrip("'").startswith(FORMULA) else value


def _value(column: str | None, cell: Any) -> Any:
    if not cell or not isinstance(cell, str):
        return "" if column in ("text", "reason", "instruction", "forced", "kind", "status") else None
    if column in LISTS or column in OBJECTS:
        return json.loads(cell)
    if column in WHOLE:
        return int(cell)
    if column in NUMBERS:
        return float(cell)
    if column in TRUTHS:
        return cell == "true"
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA) else cell
