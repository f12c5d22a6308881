"""What History finds: one line a run, by words, by filters, and what the filters can be set to.

Knows queries on the runs' table. Does not know how a run came there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from storage.tables import RunRow

Filters = Mapping[str, str | bool | Collection[str | bool | None] | None]
"""What to show: strategy, model, status, task, tag, batch (names), is_starred, is_correct (True, False or
None for unknown).

A value is one wanted value or a collection of them; "" or an empty collection, and None for a name, do not
filter. `{"is_correct": [None]}` asks for runs with no known truth. Runs that were made for a batch are left
out unless `batch` names it.
"""
FILTERABLE = ("strategy", "model", "status", "task", "is_correct", "is_starred")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of History."""

    id: str
    created_at: datetime
    title: str
    task: str | None
    model: str
    strategy: str
    status: str
    status_reason: str
    expected: str | None
    answer: str | None
    is_correct: bool | None
    spent_tokens: int
    seconds: float
    usd: float
    node_count: int
    is_starred: bool
    tags: list[str]
    note: str


def found(
    session: Session, search: str, filters: Filters | None, limit: int, offset: int
) -> list[RunSummary]:
    """Runs that have every word of `search`, newest first. Raises ValueError for an unknown filter."""
    columns = [getattr(RunRow, name) for name in RunSummary.__dataclass_fields__]
    query = (
        select(*columns)
        .where(*_conditions(search, filters))
        .order_by(RunRow.created_at.desc(), RunRow.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [RunSummary(*row) for row in session.execute(query)]


def count(session: Session, search: str, filters: Filters | None) -> int:
    """How many runs `found` would give without its limit."""
    return session.scalar(select(func.count()).where(*_conditions(search, filters))) or 0


def choices(session: Session) -> dict[str, list[str]]:
    """The strategies, models, statuses, tasks and tags that occur."""
    occurring = {}
    for name in FILTERABLE:
        if not name.startswith("is_"):
            query = select(getattr(RunRow, name)).where(RunRow.deleted_at.is_(None)).distinct()
            occurring[name] = sorted(value for value in session.scalars(query) if value is not None)
    tagged = session.scalars(
        select(RunRow.tags).where(RunRow.deleted_at.is_(None), RunRow.marks_text.startswith("\n#"))
    )
    return occurring | {"tag": sorted({tag for tags in tagged for tag in tags}, key=str.casefold)}


def _conditions(search: str, filters: Filters | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [RunRow.deleted_at.is_(None)]
    if not (filters or {}).get("batch"):
        conditions.append(RunRow.batch.is_(None))
    for word in search.casefold().split():
        texts = (RunRow.search_text, RunRow.marks_text)
        has_word = (text.contains(word, autoescape=True) for text in texts)
        # An id as a whole: its letters and digits are random, and "24" is in many.
        conditions.append(or_(RunRow.id == word.upper(), *has_word))
    for name, wanted in (filters or {}).items():
        if name not in (*FILTERABLE, "batch", "tag"):
            raise ValueError(f"There is no filter {name!r}; there are {', '.join(FILTERABLE)}.")
        if wanted is None or wanted == "":
            continue
        values: list[Any] = [wanted] if isinstance(wanted, str | bool) else list(wanted)
        if name == "tag":
            lines = [f"\n#{str(tag).casefold()}\n" for tag in values if tag is not None]
            conditions.append(or_(*(RunRow.marks_text.contains(line, autoescape=True) for line in lines)))
            continue
        column = getattr(RunRow, name)
        if values:
            known = [value for value in values if value is not None]
            conditions.append(
                or_(column.in_(known), column.is_(None)) if None in values else column.in_(known)
            )
    return conditions
