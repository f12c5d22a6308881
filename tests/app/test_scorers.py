"""Every scorer has a title, the same on the page and in menus."""

from __future__ import annotations

import re

import pytest

from app import scorers
from app.scripts import STATIC
from engine.checks import CHECK
from engine.strategies import SCORERS


@pytest.mark.parametrize("name", [*SCORERS, CHECK])
def test_a_scorer_is_called_the_same_everywhere(name: str) -> None:
    title, origin = scorers.TITLES[name]
    assert title[0].isupper() and origin
    if name != "auto":
        script = (STATIC / "run_scores.js").read_text(encoding="utf-8")
        found = re.search(rf"^ *{name}: \['([^']+)'", script, re.MULTILINE)
        assert found and found[1] == title


def test_what_is_not_known_keeps_its_name() -> None:
    assert scorers.title("new_scorer") == scorers.menu_title("new_scorer") == "new scorer"
    assert scorers.title(None) == ""
