"""Runs that are asked for together are made together, or not at all."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.service import Service
from engine.errors import BadInput, PonderError, StorageError
from engine.runs import RunSpec
from storage.store import Store

GOOD = RunSpec("Use 4 5 6 10 to make 24.", "scripted", "direct")
UNKNOWN = RunSpec("Use 4 5 6 10 to make 24.", "scripted", "no_such_strategy")


@pytest.fixture
def service(tmp_path: Path) -> Generator[Service]:
    service = Service(f"sqlite:///{tmp_path / 'ponder.db'}", threaded=False)
    yield service
    service.close()


def refused(service: Service, specs: list[RunSpec], error: type[PonderError]) -> list[str]:
    """How the runs before the refusal stand once nothing is left to do."""
    with pytest.raises(error):
        service.submit_all(specs)
    while service.step():
        pass
    assert service.store is not None
    service.store.flush()
    return [line.status for line in service.runs()]


def test_where_one_is_refused_those_before_it_are_cancelled(service: Service) -> None:
    assert refused(service, [GOOD, GOOD, UNKNOWN], BadInput) == ["cancelled", "cancelled"]


def test_where_they_cannot_be_stored_none_goes_on(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def full(store: Store) -> Generator[None]:
        yield
        raise StorageError("The disk is full.")

    monkeypatch.setattr("storage.store.Store.together", full)
    assert refused(service, [GOOD, GOOD], StorageError) == ["cancelled", "cancelled"]
