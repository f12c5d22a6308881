"""A person's own marks on a run: a star, tags, a note.

Knows their limits and how they are looked through. Does not know who may set them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from engine.errors import BadInput, RunNotFound
from storage.tables import RunRow

MAX_TAGS, MAX_TAG_CHARACTERS, MAX_NOTE_CHARACTERS = 20, 40, 4_000


def clean_note(note: str) -> str:
    """The note as it is kept. Raises BadInput."""
    if len(note) > MAX_NOTE_CHARACTERS:
        raise BadInput(f"A note may have {MAX_NOTE_CHARACTERS:,} characters; this one has {len(note):,}.")
    return note.strip()


def clean_tags(tags: Sequence[str]) -> list[str]:
    """The tags as they are kept. Raises BadInput."""
    cleaned: dict[str, str] = {}
    for tag in tags:
        words = " ".join(tag.strip().lstrip("#").split())
        if len(words) > MAX_TAG_CHARACTERS:
            raise BadInput(
                f"A tag may have {MAX_TAG_CHARACTERS} characters; “{words[:20]}…” has {len(words)}."
            )
        if words:
            cleaned.setdefault(words.casefold(), words)
    if len(cleaned) > MAX_TAGS:
        raise BadInput(f"A run may have {MAX_TAGS} tags, not {len(cleaned)}.")
    return list(cleaned.values())


def marks_text(tags: Sequence[str], note: str) -> str:
    """Tags, each on a line of its own after "#", and the note: what a search looks through, case folded."""
    lines = "".join(f"\n#{tag}" for tag in tags)
    return f"{lines}\n{note}".casefold() if tags or note else ""


def write(
    session: Session, run_id: str, is_starred: bool | None, tags: list[str] | None, note: str | None
) -> None:
    """Set what is not None, of what is clean. Raises RunNotFound."""
    row = session.get(RunRow, run_id)
    if row is None:
        raise RunNotFound(f"There is no run {run_id!r}; it may have been deleted.")
    if is_starred is not None:
        row.is_starred = is_starred
    if tags is not None:
        row.tags = tags
    if note is not None:
        row.note = note
    row.marks_text = marks_text(row.tags, row.note)
