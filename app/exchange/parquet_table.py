"""Parquet: a row for each node, typed; token lists are lists, scores and search statistics JSON text."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

from app.exchange.node_rows import LISTS, OBJECTS, rows_of, runs_of
from engine.errors import BadInput
from engine.runs import Run

MAX_ROWS = 1_000_000
WHOLE = ("id", "parent", "depth", "tokens", "struck", "seed")
TRUTHS = ("is_final", "thinking", "run_is_correct")
NUMBERS = ("logprob", "confidence", "created_s", "finished_s")


def write(runs: Sequence[Run]) -> bytes:
    """The file."""
    import pyarrow as arrow
    from pyarrow import parquet

    columns, rows = rows_of(runs)
    schema = arrow.schema([(column, _type(column)) for column in columns])
    plain = [{column: _value(column, row.get(column)) for column in columns} for row in rows]
    file = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist(plain, schema=schema), file, compression="zstd")
    return file.getvalue()


def read(content: bytes) -> list[Run]:
    """Raises BadInput."""
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        if file.metadata.num_rows > MAX_ROWS:
            raise BadInput(f"The table has {file.metadata.num_rows:,} rows; at most {MAX_ROWS:,} are read.")
        rows = file.read().to_pylist()
        for row in rows:
            row |= {name: json.loads(row[name]) for name in OBJECTS if isinstance(row.get(name), str)}
    except (arrow.ArrowException, ValueError, RecursionError, OSError) as error:
        raise BadInput(f"The table cannot be read: {str(error)[:120]}.") from None
    return runs_of(rows)


def _type(column: str) -> Any:
    import pyarrow as arrow

    if column in LISTS:
        return arrow.list_(arrow.string() if column == "pieces" else arrow.float64())
    if column in WHOLE:
        return arrow.int64()
    if column in TRUTHS:
        return arrow.bool_()
    return arrow.float64() if column in NUMBERS or column.startswith("score_") else arrow.string()


def _value(column: str, value: Any) -> Any:
    if column in OBJECTS:
        return json.dumps(value, ensure_ascii=False)
    return float(value) if column in NUMBERS and value is not None else value
