"""What holds for everybody who uses this database, such as the price book."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables import Json, UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "settings",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_settings"),
    )
