"""Where a run was forked from, what was expected of it, and a person's own marks: star, tags, note."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables import Json

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("runs", sa.Column("origin", Json))
    op.add_column("runs", sa.Column("forecast", Json))
    op.add_column("runs", sa.Column("is_starred", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("tags", Json, nullable=False, server_default="[]"))
    op.add_column("runs", sa.Column("note", sa.Text, nullable=False, server_default=""))
    op.add_column("runs", sa.Column("marks_text", sa.Text, nullable=False, server_default=""))
