"""A run's id is no longer in the text that History looks through: it is found as a whole alone."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        "UPDATE runs SET search_text = substr(search_text, length(id) + 2) "
        "WHERE substr(search_text, 1, length(id)) = lower(id)"
    )
