"""What a person has set for everybody who uses this database: one JSON value by name.

Knows rows; each function is given a session. Does not know what a setting means.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from storage.tables import SettingRow


def read(session: Session, name: str) -> Any | None:
    """The value of a setting; None where it was never set, or taken back."""
    row = session.get(SettingRow, name)
    return None if row is None else row.value["value"]


def write(session: Session, name: str, value: Any | None) -> None:
    """Set it; None takes it back."""
    row = session.get(SettingRow, name)
    if value is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(SettingRow(name=name, value={"value": value}, changed_at=datetime.now(UTC)))
    else:
        row.value, row.changed_at = {"value": value}, datetime.now(UTC)
