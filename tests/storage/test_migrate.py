"""From nothing, from an older version (after a backup), and what is refused without a change."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.errors import StorageError
from storage.database import open_database
from storage.migrate import MIGRATIONS, configuration, prepare, stored_revision
from storage.store import Store
from storage.tables import REVISION, Schema
from tests.storage.examples import finished_run

NEXT = f"""
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{REVISION}"


def upgrade() -> None:
    op.add_column("runs", sa.Column("stars", sa.Integer, server_default="0"))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ponder.db"


def later_migrations(tmp_path: Path, script: str) -> Path:
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    (folder / "versions" / "next_stars.py").write_text(script)
    return folder


def with_one_run(url: str) -> str:
    store = Store(url)
    run = finished_run()
    store.opened(run)
    store.closed(run)
    store.close()
    return run.id


def test_the_migrations_make_exactly_the_tables_of_the_code(url: str) -> None:
    Store(url).close()
    database = open_database(url, 1)
    with database.read_engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Schema.metadata) == []
    database.dispose()
    assert ScriptDirectory.from_config(configuration()).get_current_head() == REVISION


def test_a_database_of_this_version_is_not_touched(url: str, file: Path) -> None:
    with_one_run(url)
    before = file.read_bytes()
    database = open_database(url, 1)
    prepare(database)
    database.dispose()
    assert file.read_bytes() == before
    assert not list(file.parent.glob("*backup*"))


def test_an_older_database_is_migrated_after_a_backup(url: str, file: Path, tmp_path: Path) -> None:
    run_id = with_one_run(url)
    database = open_database(url, 1)
    prepare(database, later_migrations(tmp_path, NEXT), newest="next")
    assert stored_revision(database) == "next"
    database.dispose()
    [backup] = file.parent.glob(f"ponder.db.backup-{REVISION}-*")
    for path, columns in ((file, {"stars"}), (backup, set())):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT id FROM runs").fetchall() == [(run_id,)]
            names = {row[1] for row in connection.execute("PRAGMA table_info(runs)")}
            assert names & {"stars"} == columns


def test_runs_of_the_first_tables_are_still_read(url: str, file: Path) -> None:
    run_id = with_one_run(url)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("ALTER TABLE nodes DROP COLUMN token_confidences")
        connection.execute("ALTER TABLE runs DROP COLUMN tests")
        connection.execute("DROP INDEX ix_runs_batch_cell")
        connection.execute("ALTER TABLE runs DROP COLUMN batch")
        connection.execute("ALTER TABLE runs DROP COLUMN cell")
        connection.execute("DROP TABLE batches")
        connection.execute("DROP TABLE settings")
        for column in ("origin", "forecast", "is_starred", "tags", "note", "marks_text"):
            connection.execute(f"ALTER TABLE runs DROP COLUMN {column}")
        connection.execute("UPDATE runs SET search_text = lower(id) || char(10) || search_text")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    store = Store(url)
    assert [node.token_confidences for node in store.load(run_id).tree.nodes] == [[]] * 4
    assert store.load(run_id).spec.tests is None
    assert store.load(run_id).spec.batch is None and store.batches() == []
    assert store.load(run_id).spec.origin is None and store.load(run_id).forecast is None
    assert store.runs()[0].tags == [] and not store.runs()[0].is_starred
    assert store.setting("price_book") is None
    assert store.count(run_id[:8]) == 0 and store.count(run_id) == store.count("make 24") == 1
    store.close()


def test_a_migration_that_fails_changes_nothing(url: str, file: Path, tmp_path: Path) -> None:
    run_id = with_one_run(url)
    broken = NEXT + '    op.execute("INSERT INTO nowhere VALUES (1)")\n'
    database = open_database(url, 1)
    with pytest.raises(StorageError, match="nowhere"):
        prepare(database, later_migrations(tmp_path, broken), newest="next")
    assert stored_revision(database) == REVISION
    database.dispose()
    store = Store(url)
    assert store.load(run_id).status == "finished"
    store.close()


def test_a_newer_database_is_refused_and_not_changed(url: str, file: Path) -> None:
    with_one_run(url)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = file.read_bytes()
    with pytest.raises(StorageError, match=r"written by a newer Ponder \(tables 9999\)"):
        Store(url)
    assert file.read_bytes() == before
    assert not list(file.parent.glob("*backup*"))


def test_another_programs_database_is_refused_and_not_changed(url: str, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.commit()
    before = file.read_bytes()
    with pytest.raises(StorageError, match="of another program"):
        Store(url)
    assert file.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_not_changed(url: str, file: Path) -> None:
    file.write_bytes(b"shopping list: " * 100)
    with pytest.raises(StorageError, match="not a sound SQLite database"):
        Store(url)
    assert file.read_bytes() == b"shopping list: " * 100
