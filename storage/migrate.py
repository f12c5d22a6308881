"""Brings a database's tables to this version's: makes them, migrates them after a backup, or refuses.

A database from a newer version, or of another program, is refused with one sentence and not changed.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from engine.errors import StorageError
from storage.database import DATABASE_FAILURES, Database, explain
from storage.tables import REVISION

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


def prepare(database: Database, migrations: Path = MIGRATIONS, newest: str = REVISION) -> None:
    """Bring the tables to revision `newest`. Raises StorageError, having changed nothing."""
    try:
        # Looked at before anything that writes: opening a database for writing already changes its header.
        if stored_revision(database) == newest:
            return
        with database.writing():  # another process may be starting too: look again inside
            revision = stored_revision(database)
            if revision == newest:
                return
            _refuse_unknown(database, revision, migrations)
            if revision is not None:
                back_up(database, revision)
            _upgrade(database, migrations)
    except StorageError:
        raise
    except DATABASE_FAILURES as error:
        raise StorageError(explain(error, database.place)) from None


def stored_revision(database: Database) -> str | None:
    """The revision the database says it has; None for an empty one. Raises StorageError for a foreign one."""
    if database.path is None:
        with database.read_engine.connect() as connection:
            tables = set(inspect(connection).get_table_names())
            found = connection.execute(text("SELECT version_num FROM alembic_version")) if tables else []
            return next((row[0] for row in found), None)
    if not database.path.exists() or database.path.stat().st_size == 0:
        return None
    with closing(sqlite3.connect(f"{database.path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute(f"PRAGMA busy_timeout={int(database.busy_seconds * 1000)}")
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and "alembic_version" not in tables:
            raise StorageError(
                f"The file {database.path} is a database of another program; it was not changed. "
                "Set PONDER_DATA to another folder."
            )
        found = connection.execute("SELECT version_num FROM alembic_version") if tables else []
        return next((row[0] for row in found), None)


def back_up(database: Database, revision: str) -> Path | None:
    """Copy the database beside itself before it is migrated. A server's backups are its owner's."""
    if database.path is None:
        return None
    copy = Path(f"{database.path}.backup-{revision}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    with closing(sqlite3.connect(database.path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def configuration(migrations: Path = MIGRATIONS) -> Config:
    """Alembic's configuration, made here: there is no alembic.ini."""
    from alembic.config import Config  # imported only where there is something to migrate: it takes a while

    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_unknown(database: Database, revision: str | None, migrations: Path) -> None:
    from alembic.script import ScriptDirectory

    known = {
        script.revision for script in ScriptDirectory.from_config(configuration(migrations)).walk_revisions()
    }
    if revision is not None and revision not in known:
        raise StorageError(
            f"The database {database.place} was written by a newer Ponder (tables {revision}). It was not "
            "changed; install the newer Ponder, or set PONDER_DATA to another folder."
        )


def _upgrade(database: Database, migrations: Path) -> None:
    from alembic import command

    config = configuration(migrations)
    with database.write_engine.begin() as connection:  # all of it or nothing
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
