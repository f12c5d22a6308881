"""Where the database is, SQLite's settings, and sentences for failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import StorageError
from storage import database
from storage.database import default_url, explain, has_wal_reset_bug, journal_mode, locate, open_database
from storage.store import Store


def pragma(engine, name: str) -> object:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_the_writer_is_safe_and_the_readers_cannot_write(url: str) -> None:
    Store(url).close()
    opened = open_database(url, 30)
    assert pragma(opened.write_engine, "journal_mode") == "wal"
    assert pragma(opened.write_engine, "synchronous") == 2  # FULL
    assert pragma(opened.write_engine, "foreign_keys") == 1
    assert pragma(opened.write_engine, "busy_timeout") == 30000
    assert pragma(opened.read_engine, "query_only") == 1
    opened.dispose()


def test_where_the_database_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("PONDER_DATA", raising=False)
    assert default_url().endswith("/ponder/ponder.db")
    monkeypatch.setenv("PONDER_DATA", str(tmp_path))
    assert default_url() == f"sqlite:///{tmp_path}/ponder.db"
    monkeypatch.setenv("DATABASE_URL", "postgresql://teacher:secret@db/ponder")
    assert default_url() == "postgresql://teacher:secret@db/ponder"
    assert locate(default_url())[0].drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://host/db", "names mysql"),
        ("sqlite://", "in memory"),
        ("sqlite:////proc/nothing/ponder.db", "cannot be used"),
        ("sqlite:////tmp", "cannot be the folder"),
    ],
)
def test_bad_places_get_one_sentence(bad: str, words: str) -> None:
    with pytest.raises(StorageError, match=words):
        Store(bad)


def test_wal_is_refused_on_network_file_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert journal_mode(tmp_path / "ponder.db") == "WAL"
    monkeypatch.setattr(database, "file_system", lambda path: "nfs4")
    assert journal_mode(tmp_path / "ponder.db") == "DELETE"
    opened = open_database(f"sqlite:///{tmp_path / 'ponder.db'}", 1)
    assert pragma(opened.write_engine, "journal_mode") == "delete"
    opened.dispose()


@pytest.mark.parametrize(
    ("version", "is_bad"),
    [
        ((3, 6, 23), False),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
    ],
)
def test_which_sqlite_has_the_wal_reset_bug(version: tuple[int, ...], is_bad: bool) -> None:
    assert has_wal_reset_bug(version) is is_bad


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("database or disk is full", "is full; free some space"),
        ("database is locked", "locked; close it"),
        ("attempt to write a readonly database", "cannot be written"),
        ("database disk image is malformed", "not a sound SQLite database"),
        ("something odd", "failed: something odd"),
    ],
)
def test_failures_are_explained(words: str, sentence: str) -> None:
    assert sentence in explain(OSError(words), "/data/ponder.db")
