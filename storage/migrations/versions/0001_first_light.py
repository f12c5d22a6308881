"""Runs, nodes and events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables import Json, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("writer", sa.Text, nullable=False),
        sa.Column("deleted_at", UtcDateTime),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("task", sa.Text),
        sa.Column("expected", sa.Text),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("strategy", sa.Text, nullable=False),
        sa.Column("params", Json, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("budget", Json, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("status_reason", sa.Text, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("answer_node", sa.Integer),
        sa.Column("is_correct", sa.Boolean),
        sa.Column("usage", Json, nullable=False),
        sa.Column("spent_tokens", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("usd", sa.Double, nullable=False),
        sa.Column("node_count", sa.Integer, nullable=False),
        sa.Column("environment", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_deleted_at_created_at", "runs", ["deleted_at", "created_at"])
    op.create_index("ix_runs_status_writer", "runs", ["status", "writer"])
    op.create_table(
        "nodes",
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("parent", sa.Integer),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("instruction", sa.Text, nullable=False),
        sa.Column("thinking", sa.Boolean),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("logprob", sa.Double, nullable=False),
        sa.Column("confidence", sa.Double),
        sa.Column("pieces", Json, nullable=False),
        sa.Column("token_logprobs", Json, nullable=False),
        sa.Column("scores", Json, nullable=False),
        sa.Column("step_scores", Json, nullable=False),
        sa.Column("search", Json, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("is_final", sa.Boolean, nullable=False),
        sa.Column("created_s", sa.Double, nullable=False),
        sa.Column("finished_s", sa.Double),
        sa.PrimaryKeyConstraint("run_id", "id", name="pk_nodes"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_nodes_run_id", ondelete="CASCADE"),
    )
    op.create_table(
        "events",
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("node", sa.Integer),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_events"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_events_run_id", ondelete="CASCADE"),
    )
