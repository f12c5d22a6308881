"""A lesson as the page gets it: its sentences with their figures, the recorded runs, the chart, the knob.

Plain values for JSON. Does not know how they are drawn, nor how a live run is started.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.learn import chart, recordings, words
from app.learn.lessons import Lesson, lessons
from app.learn.recordings import Recording
from engine.models.catalogue import ModelFacts
from engine.strategies import STRATEGIES
from engine.tasks import FAMILIES

NOT_RECORDED = "Nothing was recorded for this lesson on this machine; its last part runs live all the same."


def listed() -> list[dict[str, Any]]:
    """Every lesson, in order: {"name", "title"}."""
    return [{"name": lesson.name, "title": lesson.title} for lesson in lessons().values()]


def lesson(asked: Lesson, model: ModelFacts) -> dict[str, Any]:
    """All that the page shows of one lesson."""
    recording = recordings.read(asked.name)
    task = FAMILIES[asked.about.family]
    return {
        "name": asked.name,
        "order": asked.order,
        "title": asked.title,
        "idea": asked.idea,
        "source": asked.source,
        "claim": asked.claim,
        "remember": asked.remember,
        "family": task.title,
        "arms": {arm.name: {"title": arm.title, "shows": arm.shows} for arm in asked.arms},
        "change": _change(asked, model),
        "model": model.name,
        "recorded": None if recording is None else _recorded(asked, recording),
        "not_recorded": NOT_RECORDED if recording is None else "",
    }


def _recorded(asked: Lesson, recording: Recording) -> dict[str, Any]:
    def fill(text: str) -> str:
        return words.fill(text, asked, recording)

    outcome = words.outcome(asked, recording)
    offered = words.options(asked, recording)
    return {
        "model": recording.model,
        "made_at": recording.made_at,
        "problem": recording.problem,
        "seed": recording.seed,
        "question": fill(asked.predict.question),
        "options": [fill(option.text) for option in offered],
        "came_true": offered.index(outcome.option),
        "says": fill(outcome.option.says),
        "figures": outcome.figures,
        "watch": asked.play.watch,
        "typical": _typical(asked, recording),
        "played": [asdict(played) for played in recording.played],
        "chart": str(chart.figure(asked, recording).to_json()),
        "table": chart.table(asked, recording),
    }


def _typical(asked: Lesson, recording: Recording) -> str:
    """How often the batch came out as the played problem did."""
    outcomes = recording.outcomes(asked.play.arms, asked.play.at)
    same, failed = outcomes.count(outcomes[recording.seed]), sum(not any(each) for each in outcomes)
    none = "neither was" if len(asked.play.arms) == 2 else "it was not"
    like = f"{same} of {recording.problems} problems came out like this one, the first of them"
    return f"{like}; in {failed} {none} right."


def _change(asked: Lesson, model: ModelFacts) -> dict[str, Any]:
    change = asked.change
    return {
        "title": change.title,
        "invites": change.invites,
        "watch": change.watch,
        "sets": change.sets,
        "arms": list(change.arms),
        "shown_at": _shown_at(asked),
        "choices": [
            {"value": value, "label": label, "why_not": _why_not(value, model)}
            for value, label in zip(change.values, change.labels, strict=True)
        ],
    }


def _shown_at(asked: Lesson) -> int | float | str | None:
    """The knob's value in the recorded run; None where the problem itself sets it, or it has no such knob."""
    change, arm = asked.change, asked.arm(asked.change.arms[0])
    if change.sets == asked.batch.sets:
        return asked.play.at
    defaults = {parameter.name: parameter.default for parameter in STRATEGIES[arm.strategy].parameters}
    return (defaults | arm.params).get(change.sets)


def _why_not(value: int | float | str, model: ModelFacts) -> str:
    if value == "process_reward" and model.process_reward is None:
        return f"There is no trained judge for {model.name} here."
    return ""
