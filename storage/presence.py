"""Which processes still write to a database, so that only the runs of dead ones are called interrupted.

Each writer holds a lock that the system itself releases when the process ends, however it ends: a locked
file beside a SQLite database, an advisory lock in PostgreSQL. No clocks, no process numbers.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Protocol

import filelock
from sqlalchemy import func, select
from sqlalchemy.engine import Engine
from ulid import ULID

from storage.database import Database


class Presence(Protocol):
    """One writer's sign of life, held from its making until `leave`."""

    writer: str

    def is_alive(self, writer: str) -> bool:
        """Whether the process that wrote under this name still runs; always true for our own name."""
        ...

    def leave(self) -> None:
        """Release the sign of life. Does nothing the second time."""
        ...


def announce(database: Database) -> Presence:
    """Hold a new writer's sign of life on this database."""
    if database.path is None:
        return ServerPresence(database.write_engine)
    return FilePresence(database.path)


class FilePresence:
    """A locked file beside the database, `ponder.db.writer-…`, for each living writer."""

    def __init__(self, database: Path) -> None:
        self.writer = str(ULID())
        self._database = database
        self._lock = self._lock_of(self.writer)
        self._lock.acquire()

    def is_alive(self, writer: str) -> bool:
        if writer == self.writer or not self._file_of(writer).exists():
            return writer == self.writer
        try:
            with self._lock_of(writer):
                pass
        except filelock.Timeout:
            return True
        self._file_of(writer).unlink(missing_ok=True)
        return False

    def leave(self) -> None:
        self._lock.release()
        with suppress(OSError):
            self._file_of(self.writer).unlink(missing_ok=True)

    def _file_of(self, writer: str) -> Path:
        return Path(f"{self._database}.writer-{writer}")

    def _lock_of(self, writer: str) -> filelock.BaseFileLock:
        # thread_local=False: a store may be closed by another thread than the one that opened it.
        return filelock.FileLock(self._file_of(writer), timeout=0, thread_local=False)


class ServerPresence:
    """A session-level advisory lock in PostgreSQL, held by a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self.writer = str(ULID())
        self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection.execute(select(func.pg_advisory_lock(self._key(self.writer))))

    def is_alive(self, writer: str) -> bool:
        if writer == self.writer:
            return True
        if not self._connection.scalar(select(func.pg_try_advisory_lock(self._key(writer)))):
            return True
        self._connection.execute(select(func.pg_advisory_unlock(self._key(writer))))
        return False

    def leave(self) -> None:
        self._connection.close()

    def _key(self, writer: str) -> int:
        return int(ULID.from_str(writer)) % 2**63
