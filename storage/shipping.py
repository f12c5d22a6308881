"""A small database in one file, made of some of another's runs, to be shipped and opened like any other.

Knows stores and SQLite's files. Does not know why these runs.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from engine.errors import StorageError
from engine.runs import Run
from storage.store import Store

MAX_BYTES = 5_000_000


def ship(runs: Iterable[Run], target: Path, max_bytes: int = MAX_BYTES) -> int:
    """Write as many of these runs as fit, in their order, in place of `target`; returns how many.

    The file is no larger than `max_bytes` and has no log beside it. Raises StorageError where it cannot be
    written, or where not even one run fits.
    """
    kept = list(runs)
    while kept:
        part = target.with_suffix(".part")
        _remove(part)
        try:
            _write(kept, part)
            size = part.stat().st_size
            if size <= max_bytes:
                os.replace(part, target)
                return len(kept)
            kept = kept[: min(len(kept) - 1, int(len(kept) * max_bytes / size))]
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"{target} cannot be written: {error}.") from None
        finally:
            _remove(part)
    raise StorageError(f"Not one of the runs fits into the {max_bytes:,} bytes of {target}.")


def _write(runs: list[Run], path: Path) -> None:
    store = Store(f"sqlite:///{path}")
    try:
        with store.together():
            for run in runs:
                store.opened(run)
        for run in runs:
            store.closed(run)
        store.flush()
    finally:
        store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal", ".lock"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
