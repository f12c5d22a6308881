"""Lessons as data, what a recording says to them, and how a recording is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.learn import live, record, recordings, shown, words
from app.learn.lessons import FOLDER, BadLesson, Lesson, lessons, read
from app.learn.recordings import Measured, Recording
from app.learn.specs import problems
from app.run_feed import reply
from app.service import Service
from engine.errors import BadInput
from engine.models import catalogue
from engine.runs import RunSpec
from engine.tasks import FAMILIES, identify
from engine.tree import Event, Tree

SIX = ["reasoning", "sampling", "voting", "verifying", "searching", "losing"]


@pytest.fixture
def service() -> Generator[Service]:
    service = Service(threaded=False, is_saving=False)
    yield service
    service.close()


@pytest.fixture
def own_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(recordings, "FOLDER", tmp_path)
    return tmp_path


def test_there_are_six_lessons_in_order() -> None:
    assert list(lessons()) == SIX
    assert [lesson.order for lesson in lessons().values()] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("name", SIX)
def test_no_lesson_states_a_result(name: str) -> None:
    """Numbers in what is said of the outcome come from the recording, never from the file."""
    lesson = lessons()[name]
    for text in [lesson.idea, lesson.remember, *(option.says for option in lesson.predict.options)]:
        without_places = "".join(part.split("}")[-1] for part in text.split("{"))
        assert not any(letter.isdigit() for letter in without_places), text


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('family = "arithmetic"', 'family = "geometry"', "There is no family 'geometry'"),
        ("aim = 0.5", "aim = 1.5", "aim is a share"),
        ('strategy = "self_consistency"', 'strategy = "guess"', "There is no strategy “guess”"),
        ("params = { n = 16 }", "params = { m = 16 }", "has no parameter “m”"),
        ('point = ["vote", 16]', 'point = ["vote", 3]', "vote@3 is not measured"),
        ('point = ["vote", 16]', 'point = ["crowd", 16]', "There are the arms"),
        ("{count:any@16}", "{count:any@3}", "any@3 is not measured"),
        ("{problems} sums", "{puzzles} sums", "{puzzles} is no figure of this lesson"),
        ('labels = ["1 chain", ', "labels = [", "a label for every value"),
        ('names = "One chain"', "", "needs a name for its point"),
        ("at = 16", "at = 5", "vote@5 is not measured"),
        ("order = 3", 'order = 3\ncolour = "red"', "colour"),
        ('title = "Voting"', "", "title"),
        ("order = 3", "order = = 3", "voting.toml"),
    ],
)
def test_a_wrong_lesson_says_what_is_wrong(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = (FOLDER / "voting.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "voting.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadLesson) as refused:
        read(path)
    assert complaint in str(refused.value)


# ---- what a recording says


def recording(**right: str) -> Recording:
    """A recording whose arms were right as written, `arm_x="0110"`."""
    measured = []
    for point, letters in right.items():
        arm, _, x = point.rpartition("_")
        measured.append(Measured(arm, int(x), tuple(letter == "1" for letter in letters), 100.0))
    return Recording("scripted", "2026-01-01", "Compute 1 + 1.", 3, 0, (), tuple(measured))


@pytest.mark.parametrize(
    ("one", "sixteen", "expected"),
    [
        ("0" * 30, "1" * 20 + "0" * 10, "The vote is right more often"),
        ("1" * 20 + "0" * 10, "0" * 30, "One chain is right more often"),
        ("1" * 10 + "0" * 20, "1" * 12 + "0" * 18, "No clear difference"),
        ("10" * 15, "01" * 15, "No clear difference"),
        ("000", "111", "No clear difference"),  # three problems allow no verdict
    ],
)
def test_the_better_is_named_only_where_it_is_clearly_better(one: str, sixteen: str, expected: str) -> None:
    found = words.outcome(lessons()["voting"], recording(vote_1=one, vote_16=sixteen))
    assert found.option.text == expected
    assert f"One chain: {one.count('1')} of {len(one)}" in found.figures


@pytest.mark.parametrize(("right", "expected"), [(2, 0), (3, 0), (4, 1), (15, 1), (27, 2), (28, 3)])
def test_a_guessed_share_falls_into_one_option(right: int, expected: int) -> None:
    lesson = lessons()["reasoning"]
    found = words.outcome(lesson, recording(direct_3="1" * right + "0" * (30 - right)))
    assert lesson.predict.options.index(found.option) == expected


def test_an_arm_that_could_not_be_run_cannot_win() -> None:
    lesson = lessons()["verifying"]
    told = recording(vote_16="10" * 15, own_16="01" * 15)
    assert [option.names for option in words.options(lesson, told)] == ["The vote", "The model’s own yes", ""]
    with pytest.raises(KeyError):
        words.fill("{count:reward@16}", lesson, told)


def test_figures_come_from_the_recording() -> None:
    told = recording(vote_16="1110", any_16="1111")
    text = "{share:vote@16}, {count:any@16}, {tokens:vote@16}, {problems}, {difficulty} {unit}"
    assert words.fill(text, lessons()["voting"], told) == "75 %, 4 of 4, 100, 4, 3 operations"


# ---- how one is made


@pytest.mark.parametrize(
    ("vote", "own", "expected"),
    [
        ("1" * 20 + "1" * 10, "1" * 12 + "0" * 8 + "1" * 10, 12),  # the first that the better alone solved
        (
            "0" * 3 + "1" * 27,
            "0" * 3 + "1" * 27,
            3,
        ),  # no difference: the first as most of those that were solved
        ("0" * 30, "0" * 30, 0),
    ],
)
def test_the_played_problem_shows_what_the_batch_found(vote: str, own: str, expected: int) -> None:
    assert record.telling(lessons()["losing"], recording(vote_400=vote, own_400=own)) == expected


@pytest.mark.parametrize("name", SIX)
def test_a_recording_is_made_kept_and_shown(service: Service, own_recordings: Path, name: str) -> None:
    lesson = lessons()[name]
    made = record.make(lesson, service, "scripted", count=3)
    recordings.write(name, made)
    assert recordings.read(name) == made
    assert identify(made.problem, lesson.about.family).difficulty == made.difficulty
    assert [played.arm for played in made.played] == list(lesson.play.arms)
    told = shown.lesson(lesson, catalogue.find("scripted"))
    assert 0 <= told["recorded"]["came_true"] < len(told["recorded"]["options"])
    assert "{" not in json.dumps(
        [told["recorded"][part] for part in ("question", "options", "says", "typical")]
    )
    for played, arm in zip(made.played, lesson.play.arms, strict=True):
        outcome = made.at(arm, lesson.play.at)
        assert outcome is not None
        if lesson.arm(arm).reads == "answer":  # the run that is played is one that was counted
            assert played.reply["run"]["is_correct"] == outcome.right[made.seed]


def test_the_same_seeds_give_the_same_recording(service: Service) -> None:
    lesson = lessons()["voting"]
    one, other = (record.make(lesson, service, "scripted", count=3) for _ in range(2))
    assert (one.problem, one.measured) == (other.problem, other.measured)


def test_problems_are_held_out_and_different() -> None:
    texts = problems("arithmetic", 3, 40, "voting")
    assert len(set(texts)) == 40
    assert texts == problems("arithmetic", 3, 40, "voting")
    assert all(FAMILIES["arithmetic"].is_held_out(identify(text)) for text in texts)


def test_a_compact_log_grows_the_same_tree(service: Service) -> None:
    run = service.submit(RunSpec("Use 4 5 6 10 to make 24.", "scripted", "mcts", {"rollouts": 16}, seed=3))
    while service.step():
        pass
    whole = json.loads(reply(run, 0))
    small = recordings.compact(whole)
    assert len(small["events"]) < len(whole["events"])
    assert [event["seq"] for event in small["events"]] == list(range(len(small["events"])))

    def grown(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        tree = Tree.replay(Event(**event) for event in events)
        return [(node.text, node.tokens, node.status, node.answer, node.scores) for node in tree.nodes]

    assert grown(small["events"]) == grown(whole["events"])


@pytest.mark.parametrize("name", SIX)
def test_the_recordings_that_come_with_ponder_fit_their_lessons(name: str) -> None:
    made = recordings.read(name)
    assert made is not None, f"{name} was not recorded: python -m app.learn.record"
    told = shown.lesson(lessons()[name], replace(catalogue.find("scripted"), name=made.model))
    assert told["recorded"]["problem"] == made.problem
    assert all(point.right and len(point.right) == made.problems for point in made.measured)


# ---- live


Turn = Callable[..., dict[str, Any]]


@pytest.fixture
def turn(service: Service, own_recordings: Path) -> Turn:
    def start(lesson: Lesson, choice: int, **asked: Any) -> dict[str, Any]:
        given: dict[str, Any] = {"compare": None, "problem": None, "seed": 1} | asked
        return live.start(service, lesson, "scripted", choice, **given)

    return start


@pytest.mark.parametrize("name", SIX)
def test_every_choice_of_every_lesson_runs(service: Service, turn: Turn, name: str) -> None:
    lesson = lessons()[name]
    begun = [turn(lesson, place) for place in range(len(lesson.change.values))]
    while service.step():
        pass
    for told in begun:
        assert [started["arm"] for started in told["runs"]] == list(lesson.change.arms)
        assert all(service.get(started["run"]).status in ("finished", "partial") for started in told["runs"])


def test_the_knob_changes_one_thing(service: Service, turn: Turn) -> None:
    lesson = lessons()["verifying"]
    text = "Use 4 5 6 10 to make 24."
    told = turn(lesson, 0, compare=3, problem=text, seed=5)
    one, other = (service.get(started["run"]).spec for started in told["runs"])
    assert told["problem"] == text
    assert (one.params["scorer"], other.params["scorer"]) == ("verifier", "confidence")
    assert replace(one, params={**one.params, "scorer": "confidence"}) == other


def test_a_new_problem_is_as_hard_as_the_knob_says(turn: Turn) -> None:
    lesson = lessons()["reasoning"]
    for place, difficulty in enumerate(lesson.change.values):
        assert identify(turn(lesson, place)["problem"]).difficulty == difficulty


@pytest.mark.parametrize(
    "asked", [{"choice": 9}, {"choice": -1}, {"choice": 0, "seed": -1}, {"choice": 0, "compare": 7}]
)
def test_what_cannot_be_started_is_refused(turn: Turn, asked: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        turn(lessons()["voting"], asked.pop("choice"), **asked)


def test_without_a_recording_the_page_says_so(own_recordings: Path) -> None:
    told = shown.lesson(lessons()["voting"], catalogue.find("scripted"))
    assert told["recorded"] is None
    assert "runs live all the same" in told["not_recorded"]


def test_a_judge_that_is_not_here_cannot_be_chosen(own_recordings: Path) -> None:
    without = replace(catalogue.find("scripted"), process_reward=None)
    choices = shown.lesson(lessons()["verifying"], without)["change"]["choices"]
    assert [choice["value"] for choice in choices if choice["why_not"]] == ["process_reward"]


@pytest.mark.parametrize(("name", "value"), [("sampling", 0.8), ("voting", 16), ("verifying", "verifier")])
def test_the_knob_knows_where_it_stood_in_the_recording(own_recordings: Path, name: str, value: Any) -> None:
    change = shown.lesson(lessons()[name], catalogue.find("scripted"))["change"]
    assert change["shown_at"] == value
    assert value in [choice["value"] for choice in change["choices"]]
