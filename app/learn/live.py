"""A lesson's live part: the runs of one turn of its knob, queued and named.

Knows how a choice becomes specs. The page pulls the runs like any others. Does not know how they are drawn.
"""

from __future__ import annotations

import random
from typing import Any

from app.learn import recordings
from app.learn.lessons import DIFFICULTY, Lesson
from app.learn.specs import fresh, middle, spec
from app.service import Service
from engine.errors import BadInput

MAX_SEED = 2**31 - 1


def start(
    service: Service,
    lesson: Lesson,
    model: str,
    choice: int,
    compare: int | None,
    problem: str | None,
    seed: int,
) -> dict[str, Any]:
    """Queue the runs of the knob's place `choice`, and of place `compare` too where one is given.

    `problem` None draws a new one of the lesson's kind. Returns {"problem", "runs": [{"arm", "choice",
    "run"}]}. Raises PonderError; then nothing is queued.
    """
    places = [place for place in (compare, choice) if place is not None]
    if not all(0 <= place < len(lesson.change.values) for place in places):
        raise BadInput(f"{lesson.change.title} has {len(lesson.change.values)} choices.")
    if not 0 <= seed <= MAX_SEED:
        raise BadInput(f"The seed must be from 0 to {MAX_SEED}, not {str(seed)[:40]}.")
    value = lesson.change.values[choice]
    text = problem
    if text is None:
        text = fresh(lesson.about.family, _difficulty(lesson, value), random.Random())
    kept = {} if isinstance(lesson.play.at, str) else {lesson.batch.sets: lesson.play.at}
    asked = [
        (name, place, kept | {lesson.change.sets: lesson.change.values[place]})
        for place in places
        for name in lesson.change.arms
    ]
    specs = [spec(lesson, lesson.arm(name), settings, text, seed, model) for name, _, settings in asked]
    for each in specs:
        service.check(each)
    runs = service.submit_all(specs)
    return {
        "problem": text,
        "runs": [
            {"arm": name, "choice": place, "run": run.id}
            for (name, place, _), run in zip(asked, runs, strict=True)
        ],
    }


def _difficulty(lesson: Lesson, value: int | float | str) -> int:
    if lesson.change.sets == DIFFICULTY:
        assert isinstance(value, int)
        return value
    recording = recordings.read(lesson.name)
    return middle(lesson.about.family) if recording is None else recording.difficulty
