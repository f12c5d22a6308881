"""The order of all tests: the long ones first, so that at the end no core waits for another."""

from pathlib import Path

import pytest

LONG = ("engine/training", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of these folders first, each file's in its own order."""

    def place(item: pytest.Item) -> int:
        folder = item.path.parent.relative_to(Path(__file__).parent).as_posix()
        return LONG.index(folder) if folder in LONG else len(LONG)

    items.sort(key=place)
