"""The Compare page: two to four lanes on one problem under one budget, and batches of them.

Layout and wiring only. The page is one component that pulls what it shows; handlers submit and return, so a
closed tab ends neither a run nor a batch.
"""

from __future__ import annotations

from app.batch_driver import BatchDriver
from app.compare_feed import CompareFeed, choices
from app.compare_view import compare_view
from app.header import header
from app.service import Service


def build(service: Service, model: str) -> None:
    """Lay out the page inside the current Blocks."""
    driver = BatchDriver(service)
    service.before_close.append(driver.close)
    feed = CompareFeed(service, driver)
    header("Compare")
    compare_view(choices(model), feed.pull, feed.ask)
