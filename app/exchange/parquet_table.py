"""Parquet: a row for each node, typed; token lists are lists, scores and search statistics JSON text."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

from app.exchange.node_rows import LISTS, NODE_COLUMNS, OBJECTS, RECORD, rows_of, runs_of
from engine.errors import BadInput
from engine.runs import Run

MAX_ROWS = 1_000_000
MAX_BYTES = 256 << 20  # unpacked
COLUMNS = frozenset(("run", RECORD, *NODE_COLUMNS, *LISTS, *OBJECTS))  # of a file from anywhere
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
        schema = parquet.ParquetFile(io.BytesIO(content)).schema
        texts = [column.path for column in schema if column.physical_type == "BYTE_ARRAY"]
        # Texts that repeat stay one text until it is known how large they all are.
        file = parquet.ParquetFile(io.BytesIO(content), read_dictionary=texts)
        if file.metadata.num_rows > MAX_ROWS:
            raise BadInput(f"The table has {file.metadata.num_rows:,} rows; at most {MAX_ROWS:,} are read.")
        _refuse_large(sum(_packed_bytes(file.metadata.row_group(i)) for i in range(file.num_row_groups)))
        table = file.read([name for name in file.schema_arrow.names if name in COLUMNS])
        _refuse_large(sum(_bytes(chunk) for column in table.columns for chunk in column.chunks))
        rows = table.to_pylist()
        for row in rows:
            row |= {name: json.loads(row[name]) for name in OBJECTS if isinstance(row.get(name), str)}
    except (arrow.ArrowException, ValueError, RecursionError, OSError) as error:
        raise BadInput(f"The table cannot be read: {str(error)[:120]}.") from None
    return runs_of(rows)


def _packed_bytes(group: Any) -> int:
    return sum(group.column(i).total_uncompressed_size for i in range(group.num_columns))


def _bytes(column: Any) -> int:
    """What the values come to, each text counted as often as it stands there."""
    import pyarrow as arrow
    from pyarrow import compute

    if arrow.types.is_list(column.type):
        return _bytes(column.flatten())
    if arrow.types.is_dictionary(column.type):
        lengths = compute.call_function("binary_length", [column.dictionary])
        return compute.call_function("sum", [lengths.take(column.indices)]).as_py() or 0
    return column.nbytes


def _refuse_large(size: int) -> None:
    if size > MAX_BYTES:
        raise BadInput(f"The table unpacks to {size / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:.0f} are read.")


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
