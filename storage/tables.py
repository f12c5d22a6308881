"""The tables: a run, its nodes, the log of events that grew them, batches of runs, and settings.

Knows columns and types. Does not know how rows are made from runs (`rows.py`), nor when (`writer.py`).
The event log is the truth about a tree; a node's row adds the tokens, which are not logged one by one, and
lets SQL ask about nodes without replaying logs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, MetaData, Text, TypeDecorator, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

REVISION = "0007"  # the newest migration; a test compares it, and these tables, with migrations/versions


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored in UTC and read back as aware: SQLite itself keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")
JsonOrNull = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Schema(DeclarativeBase):
    """Common ground of all tables: how Python types and constraint names become SQL."""

    type_annotation_map: ClassVar = {datetime: UtcDateTime, str: Text, dict[str, Any]: Json, list[Any]: Json}
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class RunRow(Schema):
    """One run: its spec, its outcome, and what History lists, filters and searches by."""

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    owner: Mapped[str]
    writer: Mapped[str]  # the process that writes this run; see presence.py
    deleted_at: Mapped[datetime | None]

    title: Mapped[str]  # the problem's beginning, on one line
    search_text: Mapped[str]  # what History looks through, case folded
    problem: Mapped[str]
    task: Mapped[str | None]
    expected: Mapped[str | None]
    tests: Mapped[Any | None] = mapped_column(JsonOrNull)  # of a program: Python source, or a list of pairs
    model: Mapped[str]
    strategy: Mapped[str]
    params: Mapped[dict[str, Any]]
    seed: Mapped[int] = mapped_column(BigInteger)
    budget: Mapped[dict[str, Any]]
    origin: Mapped[Any | None] = mapped_column(JsonOrNull)  # of a fork: run, node, steps
    forecast: Mapped[Any | None] = mapped_column(JsonOrNull)  # what was expected of it before it began

    status: Mapped[str]
    status_reason: Mapped[str]
    answer: Mapped[str | None]
    answer_node: Mapped[int | None]
    is_correct: Mapped[bool | None]
    usage: Mapped[dict[str, Any]]
    spent_tokens: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float]
    usd: Mapped[float]
    node_count: Mapped[int]
    environment: Mapped[dict[str, Any]]

    batch: Mapped[str | None]  # the batch it was made for
    cell: Mapped[int | None]  # its place in that batch; after an interruption several runs may have one place

    is_starred: Mapped[bool] = mapped_column(server_default=false())
    tags: Mapped[list[Any]] = mapped_column(server_default="[]")
    note: Mapped[str] = mapped_column(server_default="")
    marks_text: Mapped[str] = mapped_column(server_default="")  # tags and note for searching, case folded

    __table_args__ = (
        Index(None, "deleted_at", "created_at"),
        Index(None, "status", "writer"),
        Index(None, "batch", "cell"),
    )


class NodeRow(Schema):
    """One node as it last was. While it grows, its text is what was known at the last write."""

    __tablename__ = "nodes"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parent: Mapped[int | None]
    kind: Mapped[str]
    instruction: Mapped[str]
    thinking: Mapped[bool | None]
    text: Mapped[str]
    tokens: Mapped[int]
    logprob: Mapped[float]
    confidence: Mapped[float | None]
    pieces: Mapped[list[Any]]
    token_logprobs: Mapped[list[Any]]
    token_confidences: Mapped[list[Any]] = mapped_column(server_default="[]")
    scores: Mapped[dict[str, Any]]
    step_scores: Mapped[dict[str, Any]]
    search: Mapped[dict[str, Any]]
    status: Mapped[str]
    reason: Mapped[str]
    answer: Mapped[str | None]
    is_final: Mapped[bool]
    created_s: Mapped[float]
    finished_s: Mapped[float | None]


class EventRow(Schema):
    """One node-level event. `seq` is the live log's number, so token events leave gaps."""

    __tablename__ = "events"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_s: Mapped[float]
    kind: Mapped[str]
    node: Mapped[int | None]
    data: Mapped[dict[str, Any]]


class BatchRow(Schema):
    """A set of runs made together: the plan that says which, and how far it has come."""

    __tablename__ = "batches"

    id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    owner: Mapped[str]
    writer: Mapped[str]  # the process that last drove it; see presence.py
    state: Mapped[str]  # running, paused, cancelled or finished
    reason: Mapped[str]  # why it stands, for a person; "" while it runs
    seconds: Mapped[float]  # for how long it has been running, pauses left out
    plan: Mapped[dict[str, Any]]


class SettingRow(Schema):
    """What a person has set for everybody: {"value": anything} by name."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
