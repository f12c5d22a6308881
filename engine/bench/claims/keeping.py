"""Outcomes of finished cells in a folder, so that an interrupted bench goes on where it stopped.

Knows files. A cell's file is named by what was measured and with which weights, so other weights find none.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path

from engine.bench.claims.outcomes import Outcome
from engine.errors import BadInput


class Kept:
    """The folder of finished cells. Raises BadInput where it cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"The folder {folder} cannot be made: {error.strerror or error}.") from None

    def load(self, key: str) -> list[Outcome] | None:
        """The outcomes of a cell that was finished, else None; a damaged file counts as none."""
        try:
            with gzip.open(self._path(key), "rt") as file:
                return [Outcome.of_record(record) for record in json.load(file)]
        except (OSError, ValueError, KeyError, TypeError, EOFError):
            return None

    def save(self, key: str, outcomes: Sequence[Outcome]) -> None:
        """Keep a finished cell whole, or as it was. Raises BadInput where the disk is full."""
        path = self._path(key)
        part = path.with_suffix(".part")
        try:
            with gzip.open(part, "wt", compresslevel=5) as file:
                json.dump([one.record() for one in outcomes], file, separators=(",", ":"))
            os.replace(part, path)
        except OSError as error:
            raise BadInput(f"{path} cannot be written: {error.strerror or error}.") from None

    def forget(self) -> None:
        """Remove every finished cell."""
        for path in self.folder.glob("*.json.gz"):
            path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json.gz"
