"""What Alembic runs: the migrations, on the connection that `storage.migrate` hands over."""

from __future__ import annotations

from alembic import context

from storage.tables import Schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Schema.metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
    transaction_per_migration=False,
)
context.run_migrations()
