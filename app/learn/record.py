"""Makes the recordings of the lessons, with a bundled model and fixed seeds, choosing nothing by hand.

    OMP_NUM_THREADS=1 .venv/bin/python -m app.learn.record            # all six; some minutes on two cores
    .venv/bin/python -m app.learn.record voting verifying             # these only
    .venv/bin/python -m app.learn.record --model ponder-8m --problems 20 --into /tmp/recordings

Make them anew whenever the models, the lessons or the log of events change, on an idle machine, since the
seconds of the played runs are shown. The rules:

- The difficulty is that at which a single chain comes nearest to the lesson's `aim`, on problems of its own.
- The problems are held out from training, drawn with a fixed seed; problem i is run with seed i by every arm.
- What is played is the first problem that shows what the batch found: where one of the played arms is clearly
  the better, the first that it alone solved; else the first that came out as most of those did that anything
  solved. The page says how many came out like it, and how many nothing solved.
- An arm whose scorer this machine does not have is left out, and this program says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from app.learn import recordings, words
from app.learn.lessons import DIFFICULTY, Arm, Lesson, lessons
from app.learn.recordings import Measured, Played, Recording
from app.learn.specs import problems, spec
from app.run_feed import reply
from app.service import Service
from engine import answers
from engine.errors import BadInput, PonderError, ScorerUnavailable
from engine.runs import Run, RunSpec
from engine.strategies import selection
from engine.tasks import FAMILIES

PROBES = 40  # problems for each difficulty, from which the lesson's difficulty is chosen
PROBE_TEMPERATURE = 0.8


def make(lesson: Lesson, service: Service, model: str, count: int | None = None) -> Recording:
    """Run all that the lesson shows of the past; with `count`, on so many problems instead of its own number.

    Raises PonderError where the model cannot be used, and KeyError where a sentence names a figure that
    could not be measured.
    """
    probes, count = count or PROBES, count or lesson.batch.problems
    difficulty = choose_difficulty(lesson, service, model, probes)
    arms = [arm for arm in lesson.arms if _can_run(lesson, arm, service, model, difficulty)]
    measured: list[Measured] = []
    for arm in arms:
        for x in lesson.batch.values:
            runs = _run(service, _specs(lesson, arm, x, difficulty, count, model))
            right = tuple(_is_right(arm, run) for run in runs)
            tokens = sum(run.usage.spent_tokens for run in runs) / count
            measured.append(Measured(arm.name, x, right, round(tokens, 1)))
    made_at = datetime.now(UTC).date().isoformat()
    texts = problems(lesson.about.family, difficulty, count, lesson.name)
    batch = Recording(model, made_at, texts[0], difficulty, 0, (), tuple(measured))
    seed = telling(lesson, batch)
    played = []
    for name in lesson.play.arms:  # one at a time: its seconds are its own
        settings = {lesson.batch.sets: batch.x(lesson.play.at)}
        (run,) = _run(service, [spec(lesson, lesson.arm(name), settings, texts[seed], seed, model)])
        played.append(Played(name, recordings.compact(json.loads(reply(run, 0)))))
    recording = replace(batch, problem=texts[seed], seed=seed, played=tuple(played))
    for sentence in _sentences(lesson, recording):
        words.fill(sentence, lesson, recording)
    return recording


def telling(lesson: Lesson, batch: Recording) -> int:
    """The problem, by its place in the batch, that shows what the batch found; see the rules above."""
    outcomes = batch.outcomes(lesson.play.arms, lesson.play.at)
    best = words.outcome(lesson, batch).option.point
    alone = tuple((name, lesson.play.at) == best for name in lesson.play.arms)
    if len(alone) > 1 and any(alone) and alone in outcomes:
        return outcomes.index(alone)
    solved = [each for each in outcomes if any(each)] or outcomes
    return outcomes.index(Counter(solved).most_common(1)[0][0])


def choose_difficulty(lesson: Lesson, service: Service, model: str, probes: int = PROBES) -> int:
    """The difficulty at which one chain is right about as often as the lesson wants; the easier of two."""
    task = FAMILIES[lesson.about.family]
    arm = Arm("probe", "", "chain_of_thought", {"temperature": PROBE_TEMPERATURE}, "words")
    shares = {}
    for difficulty in lesson.batch.values if lesson.batch.sets == DIFFICULTY else task.difficulties:
        asked = [
            spec(lesson, arm, {}, text, seed, model)
            for seed, text in enumerate(problems(lesson.about.family, difficulty, probes, "probe"))
        ]
        shares[difficulty] = sum(bool(run.is_correct) for run in _run(service, asked)) / probes
    return min(shares, key=lambda difficulty: abs(shares[difficulty] - lesson.about.aim))


def _can_run(lesson: Lesson, arm: Arm, service: Service, model: str, difficulty: int) -> bool:
    (asked,) = _specs(lesson, arm, lesson.batch.values[0], difficulty, 1, model)
    try:
        service.check(asked)
    except ScorerUnavailable as error:
        _say(f"{lesson.name}: “{arm.title}” is left out: {error}")
        return False
    return True


def _specs(lesson: Lesson, arm: Arm, x: int, difficulty: int, count: int, model: str) -> list[RunSpec]:
    difficulty = x if lesson.batch.sets == DIFFICULTY else difficulty
    texts = problems(lesson.about.family, difficulty, count, lesson.name)
    return [spec(lesson, arm, {lesson.batch.sets: x}, text, seed, model) for seed, text in enumerate(texts)]


def _run(service: Service, asked: Sequence[RunSpec]) -> list[Run]:
    runs = service.submit_all(asked)
    while service.step():
        pass
    for run in runs:
        if run.status not in ("finished", "partial"):
            raise BadInput(f"{run.spec.strategy} on {run.spec.problem!r} {run.status}: {run.status_reason}")
    return runs


def _is_right(arm: Arm, run: Run) -> bool:
    if arm.reads == "answer":
        return bool(run.is_correct)
    problem = run.tree.problem
    assert problem is not None
    return any(answers.is_correct(problem, node.answer) for node in selection.candidates(run.tree.root))


def _sentences(lesson: Lesson, recording: Recording) -> list[str]:
    options = words.options(lesson, recording)
    texts = [lesson.predict.question, lesson.play.watch, lesson.change.invites, lesson.change.watch]
    return [*texts, *(option.text for option in options), *(option.says for option in options)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the recordings that the arguments name; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m app.learn.record", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "names", nargs="*", metavar="LESSON", help=f"of {', '.join(lessons())}; all by default"
    )
    parser.add_argument("--model", default="ponder-3m")
    parser.add_argument("--problems", type=int, help="so many, instead of each lesson's own number")
    parser.add_argument("--into", type=Path, help="another folder than the page's own")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(lessons()):
        parser.error(f"there is no lesson {', '.join(sorted(unknown))}")
    if asked.into is not None:
        recordings.FOLDER = asked.into
    service = Service(threaded=False, is_saving=False)
    try:
        for name in asked.names or lessons():
            recording = make(lessons()[name], service, asked.model, asked.problems)
            path = recordings.write(name, recording)
            found = words.outcome(lessons()[name], recording)
            _say(
                f"{name}: {recording.difficulty} {FAMILIES[lessons()[name].about.family].unit}, played"
                f" {recording.problem!r};"
                f" {path.stat().st_size / 1024:.0f} KiB. {found.option.text}: {found.figures}"
            )
    except PonderError as error:
        _say(str(error))
        return 2
    finally:
        service.close()
    return 0


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
