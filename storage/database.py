"""Where the database is, and how its connections behave.

Knows locations, engines and SQLite's settings. Does not know tables. SQLite is written through one
connection (one writer thread, `BEGIN IMMEDIATE`, write-ahead log, every commit on disk before it returns)
and read through others that cannot write.

SQLite 3.7.0 to 3.51.2 can corrupt a write-ahead log when two connections write or checkpoint at the same
instant (https://sqlite.org/wal.html#walresetbug). Inside a process only the writer does either; between
processes `Database.writing` keeps them apart.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import platformdirs
import psutil
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from engine.errors import StorageError
from storage.json_text import to_json

NETWORK_FILE_SYSTEMS = {
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs4", "orangefs", "smb", "smb2", "smb3", "smbfs", "webdav", "davfs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Database:
    """An opened database. `path` is None on a server."""

    url: URL
    path: Path | None
    write_engine: Engine
    read_engine: Engine
    busy_seconds: float

    @property
    def place(self) -> str:
        """What to call it in a sentence; never a password."""
        return str(self.path) if self.path else self.url.render_as_string(hide_password=True)

    @contextmanager
    def writing(self) -> Generator[None]:
        """Hold this around each write transaction: Ponder's processes take turns. Raises StorageError."""
        if self.path is None:
            yield
            return
        try:
            with filelock.FileLock(f"{self.path}.lock", timeout=self.busy_seconds):
                yield
        except filelock.Timeout:
            raise StorageError(
                f"Another Ponder has kept the database {self.path} busy for {self.busy_seconds:g} s."
            ) from None

    def dispose(self) -> None:
        """Close all connections, the writer last: it is the one that may checkpoint."""
        self.read_engine.dispose()
        with self.writing():
            self.write_engine.dispose()


def default_url() -> str:
    """DATABASE_URL, else ponder.db in PONDER_DATA, else in the user's data folder."""
    if url := os.environ.get("DATABASE_URL"):
        return url
    folder = os.environ.get("PONDER_DATA") or platformdirs.user_data_dir("ponder", appauthor=False)
    return f"sqlite:///{Path(folder).expanduser().resolve() / 'ponder.db'}"


def locate(url: str) -> tuple[URL, Path | None]:
    """The URL made exact, and the file it names if it is SQLite's. Raises StorageError."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StorageError(
            "DATABASE_URL is not a database URL: sqlite:///PATH or postgresql://… is."
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise StorageError("A database in memory would lose every run: name a file, sqlite:///PATH.")
            if Path(parsed.database).is_dir():
                raise StorageError(f"The database cannot be the folder {parsed.database}: name a file in it.")
            return parsed, Path(parsed.database)
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg"), None
        case other:
            raise StorageError(f"DATABASE_URL names {other}; Ponder keeps runs in SQLite or PostgreSQL.")


def open_database(url: str, busy_seconds: float) -> Database:
    """Engines for writing and reading. Makes the folder, not the tables. Raises StorageError."""
    parsed, path = locate(url)
    try:
        if path is None:
            writing = create_engine(parsed, json_serializer=to_json)
            reading = create_engine(
                parsed,
                connect_args={"options": "-c default_transaction_read_only=on"},
                pool_pre_ping=True,
                json_serializer=to_json,
            )
            return Database(parsed, None, writing, reading, busy_seconds)
        path.parent.mkdir(parents=True, exist_ok=True)
        return Database(
            parsed,
            path,
            _sqlite_writer(parsed, path, busy_seconds),
            _sqlite_reader(parsed, busy_seconds),
            busy_seconds,
        )
    except ModuleNotFoundError:
        raise StorageError(
            "DATABASE_URL names PostgreSQL, but its driver is not installed: pip install 'psycopg[binary]'."
        ) from None
    except OSError as error:
        raise StorageError(
            f"The database folder {path and path.parent} cannot be used: {error.strerror}."
        ) from None


def _sqlite_writer(url: URL, path: Path, busy_seconds: float) -> Engine:
    # isolation_level=None: the driver never begins on its own. The hook below does, and for writing at once:
    # a transaction that reads first and writes later fails without waiting if another wrote in between.
    engine = create_engine(
        url,
        poolclass=StaticPool,
        connect_args={"isolation_level": None, "timeout": busy_seconds, "check_same_thread": False},
        json_serializer=to_json,
    )
    journal = journal_mode(path)

    @event.listens_for(engine, "connect")
    def settle(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout={int(busy_seconds * 1000)}")
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _sqlite_reader(url: URL, busy_seconds: float) -> Engine:
    engine = create_engine(
        url, connect_args={"isolation_level": None, "timeout": busy_seconds}, json_serializer=to_json
    )

    @event.listens_for(engine, "connect")
    def settle(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout={int(busy_seconds * 1000)}")
        connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")  # one snapshot for all the reads of a session

    return engine


def journal_mode(path: Path) -> str:
    """WAL, except on a network file system, where its shared memory does not work: there DELETE."""
    return "DELETE" if file_system(path) in NETWORK_FILE_SYSTEMS else "WAL"


def file_system(path: Path) -> str:
    """The type of the file system that holds `path`, "" where the machine does not tell."""
    folder = path.parent.resolve()
    mounts = [(Path(part.mountpoint), part.fstype.lower()) for part in psutil.disk_partitions(all=True)]
    holding = [(len(mount.parts), kind) for mount, kind in mounts if folder.is_relative_to(mount)]
    return max(holding, default=(0, ""), key=lambda found: found[0])[1]


def has_wal_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether this SQLite has the WAL-reset bug (fixed in 3.51.3, and in 3.50.7 and 3.44.6)."""
    if version[:2] == (3, 44):
        return version < (3, 44, 6)
    if version[:2] == (3, 50):
        return version < (3, 50, 7)
    return (3, 7, 0) <= version < (3, 51, 3)


def explain(error: Exception, place: str) -> str:
    """One sentence for a database failure: what happened, and what to do."""
    if isinstance(error, StorageError):
        return str(error)
    words = str(error.__cause__ or getattr(error, "orig", None) or error).lower()
    if "full" in words or "no space" in words:
        return f"The disk that holds the database {place} is full; free some space."
    if "locked" in words or "busy" in words:
        return f"Another program keeps the database {place} locked; close it."
    if "readonly" in words or "read-only" in words or "permission" in words:
        return f"The database {place} cannot be written; check its permissions."
    if "malformed" in words or "not a database" in words:
        return f"The file {place} is not a sound SQLite database; move it away, or restore a backup."
    if "unable to open" in words:
        return f"The database {place} cannot be opened; check its folder and permissions."
    detail = " ".join(str(getattr(error, "orig", None) or error).split())
    return f"The database {place} failed: {detail[:200]}."


DATABASE_FAILURES = (SQLAlchemyError, sqlite3.Error, OSError, StorageError)
