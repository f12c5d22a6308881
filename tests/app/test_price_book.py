"""The price book decides the dollars of every run that begins from then on, and is kept."""

from __future__ import annotations

import pytest

from app.service import Service
from engine.price_book import DEFAULT
from engine.runs import Run, RunSpec


def finished(service: Service) -> Run:
    run = service.submit(RunSpec("Use 4 5 6 10 to make 24.", "scripted", "self_consistency", {"n": 4}))
    while service.step():
        pass
    return run


def test_dollars_follow_the_price_book_and_old_runs_keep_theirs() -> None:
    service = Service(threaded=False)
    before = finished(service)
    dear = DEFAULT.with_price("cpu", "usd_per_device_hour", "0").with_price("cpu", "usd_per_token", "500000")
    service.set_price_book(dear)
    after = finished(service)

    assert after.usage.usd == pytest.approx(0.5 * after.usage.spent_tokens)
    assert before.usage.usd < 0.001
    assert after.environment["prices"]["usd_per_token"] == pytest.approx(0.5)
    assert service.get(before.id).environment["prices"]["usd_per_token"] == 0
    service.close()

    again = Service(threaded=False)
    assert again.price_book == dear
    again.set_price_book(DEFAULT)
    again.close()
    assert Service(threaded=False).price_book == DEFAULT


def test_without_a_store_prices_hold_for_the_process() -> None:
    service = Service(threaded=False, is_saving=False)
    service.set_price_book(DEFAULT.with_price("cpu", "usd_per_token", "1000000"))
    assert finished(service).usage.usd >= 1.0
    service.close()
