"""A lesson as data: what is asked, what is run, what may be changed, and every sentence of it.

Reads and checks `app/learn/lessons/NAME.toml`. A lesson holds no figure: where a sentence needs one, it names
a measured point, `{count:vote@16}`, and the recording fills it in (`words.py`). Does not know recordings.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from engine import strategies
from engine.errors import BadInput
from engine.tasks import FAMILIES

FOLDER = Path(__file__).parent / "lessons"
OWN = "problem"  # as an x: the difficulty of the lesson's own problem
DIFFICULTY, BUDGET = (
    "difficulty",
    "max_tokens",
)  # what an axis or a knob may set beside a strategy's parameter
MOST_CHOICES = 5  # as many as a hand finds on the number keys

Point = tuple[str, str | int]
"""An arm's name and a value of the batch's axis (or OWN): one measured share."""

FIGURE = re.compile(r"\{(share|count|tokens):(\w+)@(\w+)\}")
PLAIN = ("problems", "difficulty", "unit")
_PLACE = re.compile(r"\{([^{}]*)\}")
STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


@dataclass(frozen=True, slots=True, config=STRICT)
class About:
    """Which problems: a family, and how hard. `aim`: the share that one chain should get right, in (0, 1)."""

    family: str
    aim: float


@dataclass(frozen=True, slots=True, config=STRICT)
class Arm:
    """One way that is run. `reads` any: it counts as right where any finished answer of it is.

    `shows`: the words of its one chain, or its tree.
    """

    name: str
    title: str
    strategy: str
    params: dict[str, Any]
    shows: Literal["words", "tree"]
    reads: Literal["answer", "any"] = "answer"
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True, config=STRICT)
class Batch:
    """What is measured: every arm, at every value of one axis, on the same problems."""

    problems: int
    sets: str  # DIFFICULTY, BUDGET, or a parameter that every arm has
    values: tuple[int, ...]
    axis: str  # what the axis says


@dataclass(frozen=True, slots=True, config=STRICT)
class Option:
    """One prediction. Right where `point` is clearly the best of all points, or the share is at most `up_to`.

    An option with neither is right where no point is clearly the best. `names` is what its point is called in
    a sentence.
    """

    text: str
    says: str
    point: Point | None = None
    names: str = ""
    up_to: float | None = None


@dataclass(frozen=True, slots=True, config=STRICT)
class Predict:
    """The question that is answered before anything is seen. `point` where a share is guessed."""

    question: str
    options: tuple[Option, ...]
    point: Point | None = None


@dataclass(frozen=True, slots=True, config=STRICT)
class Play:
    """Which arms are shown from the recording, and what to look at in them."""

    arms: tuple[str, ...]
    at: int | str  # the value of the batch's axis at which they are shown
    watch: str


@dataclass(frozen=True, slots=True, config=STRICT)
class Change:
    """The one knob that is turned live."""

    title: str
    invites: str
    sets: str  # DIFFICULTY, BUDGET, or a parameter of the arms
    values: tuple[int | float | str, ...]
    labels: tuple[str, ...]
    arms: tuple[str, ...]
    watch: str


@dataclass(frozen=True, slots=True, config=STRICT)
class Lesson:
    """One lesson of about two minutes."""

    name: str
    order: int
    title: str
    idea: str
    source: str
    claim: str  # of the claims bench: where the same is measured on many problems
    about: About
    arms: tuple[Arm, ...]
    batch: Batch
    predict: Predict
    play: Play
    change: Change
    remember: str

    def arm(self, name: str) -> Arm:
        """The arm of that name. Raises KeyError."""
        return {arm.name: arm for arm in self.arms}[name]


class BadLesson(BadInput):
    """A lesson's file does not say what a lesson must."""


@lru_cache(maxsize=1)
def lessons() -> dict[str, Lesson]:
    """Every lesson by name, in order. Raises BadLesson."""
    found = [read(path) for path in FOLDER.glob("*.toml")]
    return {lesson.name: lesson for lesson in sorted(found, key=lambda lesson: lesson.order)}


def read(path: Path) -> Lesson:
    """The lesson in one file. Raises BadLesson with the file's name and what is wrong in it."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        lesson = TypeAdapter(Lesson).validate_python({"name": path.stem} | told)
        check(lesson)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadLesson(f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
    except (tomllib.TOMLDecodeError, BadInput) as error:
        raise BadLesson(f"{path.name}: {error}") from None
    return lesson


def check(lesson: Lesson) -> None:
    """Raise BadInput with one sentence where the parts of a lesson do not fit together."""
    if lesson.about.family not in FAMILIES:
        raise BadInput(f"There is no family {lesson.about.family!r}.")
    if not 0 < lesson.about.aim < 1:
        raise BadInput(f"aim is a share in (0, 1), not {lesson.about.aim}.")
    for arm in lesson.arms:
        strategies.validate(arm.strategy, arm.params)
        _check_sets(arm, lesson.batch.sets, lesson.batch.values)
    _check_arms(lesson, (*lesson.play.arms, *lesson.change.arms))
    for name in lesson.change.arms:
        _check_sets(lesson.arm(name), lesson.change.sets, lesson.change.values)
    if len(lesson.change.values) != len(lesson.change.labels):
        raise BadInput("change needs a label for every value.")
    for choices in (lesson.change.values, lesson.predict.options):
        if not 2 <= len(choices) <= MOST_CHOICES:
            raise BadInput(f"A choice is of 2 to {MOST_CHOICES}, not of {len(choices)}.")
    _check_predict(lesson)
    _check_point(lesson, (lesson.play.arms[0], lesson.play.at))
    for text in _texts(lesson):
        _check_text(lesson, text)


def _check_predict(lesson: Lesson) -> None:
    options, point = lesson.predict.options, lesson.predict.point
    if point is not None:
        _check_point(lesson, point)
        limits = [option.up_to for option in options]
        if None in limits or limits != sorted(limits, key=lambda limit: limit or 0) or limits[-1] != 1:
            raise BadInput("The options of a guessed share need rising up_to, the last of them 1.")
        return
    points = [option.point for option in options if option.point is not None]
    if len(points) < 2 or len(options) != len(points) + 1:
        raise BadInput("A comparison needs options with a point, and one without for no clear difference.")
    for option in options:
        if option.point is not None:
            _check_point(lesson, option.point)
            if not option.names:
                raise BadInput(f"The option {option.text!r} needs a name for its point.")


def _check_point(lesson: Lesson, point: Point) -> None:
    name, x = point
    _check_arms(lesson, (name,))
    if x == OWN and lesson.batch.sets == DIFFICULTY:
        return
    if x not in lesson.batch.values:
        raise BadInput(f"{name}@{x} is not measured; the batch measures {lesson.batch.values}.")


def _check_arms(lesson: Lesson, names: tuple[str, ...]) -> None:
    known = {arm.name for arm in lesson.arms}
    if not names or not set(names) <= known:
        raise BadInput(f"There are the arms {sorted(known)}, not {list(names)}.")


def _check_sets(arm: Arm, sets: str, values: tuple[Any, ...]) -> None:
    if sets not in (DIFFICULTY, BUDGET):
        for value in values:
            strategies.validate(arm.strategy, arm.params | {sets: value})
    elif not all(isinstance(value, int) and value > 0 for value in values):
        raise BadInput(f"{sets} takes whole numbers above 0, not {values}.")


def _texts(lesson: Lesson) -> list[str]:
    says = [words for option in lesson.predict.options for words in (option.text, option.says)]
    more = [lesson.play.watch, lesson.change.invites, lesson.change.watch, lesson.remember, lesson.idea]
    return [lesson.predict.question, *says, *more]


def _check_text(lesson: Lesson, text: str) -> None:
    for place in _PLACE.findall(text):
        figure = FIGURE.fullmatch(f"{{{place}}}")
        if figure:
            _, name, x = figure.groups()
            _check_point(lesson, (name, int(x) if x.isdigit() else x))
        elif place not in PLAIN:
            raise BadInput(f"{{{place}}} is no figure of this lesson.")
