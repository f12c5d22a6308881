"""Every test of the app has a data folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("PONDER_DATA", str(folder))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return folder
