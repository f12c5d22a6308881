"""What a recording says to a lesson: which prediction came true, and the figures in its sentences.

All comparisons are paired, problem by problem, and “clearly” means that chance would do it less than once
in twenty, by the exact McNemar test with Holm's correction. Does not know pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.learn.lessons import FIGURE, Lesson, Option
from app.learn.recordings import Measured, Recording
from engine.lab import statistics
from engine.tasks import FAMILIES

ALPHA = 1 - statistics.LEVEL


@dataclass(frozen=True, slots=True)
class Outcome:
    """The option that came true, and one sentence with the figures that decided it."""

    option: Option
    figures: str


def options(lesson: Lesson, recording: Recording) -> list[Option]:
    """The predictions that can come true: those whose points were measured."""
    return [
        option
        for option in lesson.predict.options
        if option.point is None or recording.at(*option.point) is not None
    ]


def outcome(lesson: Lesson, recording: Recording) -> Outcome:
    """What the recording says to the question of the lesson."""
    point = lesson.predict.point
    if point is not None:
        measured = recording.at(*point)
        assert measured is not None, f"{lesson.name} guesses a share that was not measured"
        found = measured.count / len(measured.right)
        option = next(option for option in lesson.predict.options if found <= (option.up_to or 0))
        return Outcome(option, f"{lesson.arm(point[0]).title}: {with_interval(measured)}.")
    compared = [
        (option, measured)
        for option in options(lesson, recording)
        if option.point and (measured := recording.at(*option.point))
    ]
    return Outcome(_best(lesson, compared), _comparison(compared))


def _best(lesson: Lesson, compared: list[tuple[Option, Measured]]) -> Option:
    """The option whose point is clearly above every other, else the one that stands for no difference."""
    ranked = sorted(compared, key=lambda pair: pair[1].count, reverse=True)
    (option, best), *others = ranked
    tests = [statistics.paired(best.right, other.right) for _, other in others]
    p_values = statistics.holm([test.p_value for test in tests])
    if all(p <= ALPHA for p in p_values) and all(test.difference.value > 0 for test in tests):
        return option
    return next(option for option in lesson.predict.options if option.point is None)


def _comparison(compared: list[tuple[Option, Measured]]) -> str:
    parts = [f"{option.names}: {with_interval(measured)}" for option, measured in compared]
    sentence = "; ".join(parts) + "."
    if len(compared) == 2:
        one, other = (measured for _, measured in compared)
        test = statistics.paired(one.right, other.right)
        sentence += f" Solved only by the first: {test.only_first}; only by the second: {test.only_second}."
    return sentence


def with_interval(measured: Measured) -> str:
    """ "31 of 60 (52 %, 95 % interval 39 to 64 %)"."""
    share = statistics.share(measured.count, len(measured.right))
    low, high = (round(100 * end) for end in (share.low, share.high))
    return (
        f"{measured.count} of {len(measured.right)} ({percent(share.value)}, 95 % interval {low} to {high} %)"
    )


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def fill(text: str, lesson: Lesson, recording: Recording) -> str:
    """The sentence with its figures. Raises KeyError for a figure of an arm that was not measured."""

    def figure(match: re.Match[str]) -> str:
        what, arm, x = match.groups()
        measured = recording.at(arm, int(x) if x.isdigit() else x)
        if measured is None:
            raise KeyError(f"{lesson.name}: {match[0]} was not measured")
        match what:
            case "share":
                return percent(measured.count / len(measured.right))
            case "count":
                return f"{measured.count} of {len(measured.right)}"
            case _:
                return f"{measured.tokens:,.0f}"

    plain = {
        "problems": str(recording.problems),
        "difficulty": str(recording.difficulty),
        "unit": FAMILIES[lesson.about.family].unit,
    }
    filled = FIGURE.sub(figure, text)
    for name, value in plain.items():
        filled = filled.replace(f"{{{name}}}", value)
    return filled
