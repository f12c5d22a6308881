"""The tests that decide on a run's program."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables import Json

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("runs", sa.Column("tests", Json))
