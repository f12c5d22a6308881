"""A fresh SQLite file for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ponder.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url, busy_seconds=5)
    yield store
    store.close()
