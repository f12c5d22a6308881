"""Batches, and which of them a run was made for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables import Json, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("runs", sa.Column("batch", sa.Text))
    op.add_column("runs", sa.Column("cell", sa.Integer))
    op.create_index("ix_runs_batch_cell", "runs", ["batch", "cell"])
    op.create_table(
        "batches",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("writer", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("plan", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
