"""The order of all tests: training first, the browser's last.

Trainings are the longest, so no core waits for them at the end. A browser leaves an event loop in its
process, so tests that start one of their own come before.
"""

from pathlib import Path

import pytest

ORDER = {"engine/training": 0, "browser": 2}  # by folder; the others are between


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of these folders first or last, each file's in its own order."""

    def place(item: pytest.Item) -> int:
        return ORDER.get(item.path.parent.relative_to(Path(__file__).parent).as_posix(), 1)

    items.sort(key=place)
