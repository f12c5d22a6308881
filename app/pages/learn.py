"""The Learn page: six lessons, each predict, play, and change one thing live. Layout and wiring only."""

from __future__ import annotations

from app.header import header
from app.learn_view import learn_view
from app.service import Service


def build(service: Service, model: str) -> None:
    """Lay out the page inside the current Blocks. Raises BadLesson where a lesson's file is wrong."""
    header("Learn")
    learn_view(service, model)
