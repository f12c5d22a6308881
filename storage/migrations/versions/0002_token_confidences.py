"""The confidence of each token of a node."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables import Json

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("nodes", sa.Column("token_confidences", Json, nullable=False, server_default="[]"))
