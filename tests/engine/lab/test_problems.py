"""Problems for an experiment are held out, different, and the same again for the same seed."""

from __future__ import annotations

import pytest

from engine.errors import BadInput
from engine.lab.problems import draw
from engine.tasks import FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_problems_are_held_out_and_different(family: str) -> None:
    task = FAMILIES[family]
    problems = draw(family, task.difficulties[2], 12, seed=3)
    assert len({problem.text for problem in problems}) == 12
    assert all(task.is_held_out(problem) for problem in problems)
    assert draw(family, task.difficulties[2], 12, seed=3) == problems
    assert draw(family, task.difficulties[2], 12, seed=4) != problems


def test_what_cannot_be_drawn_is_one_sentence() -> None:
    with pytest.raises(BadInput, match="no task family"):
        draw("poems", 1, 5)
    with pytest.raises(BadInput, match="3 to 6 numbers, not 9"):
        draw("countdown", 9, 5)


def test_too_few_different_problems_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    countdown = FAMILIES["countdown"]
    fixed = draw("countdown", 4, 1)[0]
    monkeypatch.setattr(countdown, "generate", lambda difficulty, rng, held_out: fixed)
    with pytest.raises(BadInput, match="only about 1 different"):
        draw("countdown", 4, 2)
