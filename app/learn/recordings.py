"""What was recorded of a lesson: the runs that are played, and what its batch measured.

Knows the file, `app/learn/recordings/NAME.json`, and its values. A played run is the reply that the page
would pull of it (`app/run_feed.py`). Does not know how recordings are made (`record.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "recordings"
MERGE_SECONDS = 0.08  # tokens of one branch that came within it are one event: the page draws no finer


@dataclass(frozen=True, slots=True)
class Measured:
    """One arm at one value of the axis: on each problem in turn, whether it was right.

    `tokens` is the mean over the problems of what was spent: generated, discarded and the scorer's.
    """

    arm: str
    x: int
    right: tuple[bool, ...]
    tokens: float

    @property
    def count(self) -> int:
        return sum(self.right)


@dataclass(frozen=True, slots=True)
class Played:
    """One run that the page plays, as the reply to a pull."""

    arm: str
    reply: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recording:
    """A lesson's recording. `seed` is also the place of the played problem in the batch."""

    model: str
    made_at: str
    problem: str
    difficulty: int
    seed: int
    played: tuple[Played, ...]
    measured: tuple[Measured, ...]

    def at(self, arm: str, x: int | str) -> Measured | None:
        """What was measured of that arm there; None where it could not be run."""
        wanted = self.x(x)
        return next((point for point in self.measured if (point.arm, point.x) == (arm, wanted)), None)

    def x(self, x: int | str) -> int:
        """A value of the axis; in words it is the difficulty of the played problem."""
        return self.difficulty if isinstance(x, str) else x

    def outcomes(self, arms: Sequence[str], x: int | str) -> list[tuple[bool, ...]]:
        """For each problem of the batch, which of those arms were right there."""
        points = [point for arm in arms if (point := self.at(arm, x))]
        return list(zip(*(point.right for point in points), strict=True))

    @property
    def problems(self) -> int:
        return len(self.measured[0].right)


def read(name: str) -> Recording | None:
    """The recording of that lesson, None where there is none."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    told["played"] = tuple(Played(**played) for played in told["played"])
    told["measured"] = tuple(
        Measured(point["arm"], point["x"], tuple(letter == "1" for letter in point["right"]), point["tokens"])
        for point in told["measured"]
    )
    return Recording(**told)


def write(name: str, recording: Recording) -> Path:
    """Keep it, compactly; returns the file."""
    told = asdict(recording)
    for point in told["measured"]:
        point["right"] = "".join("1" if right else "0" for right in point["right"])
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(told, separators=(",", ":"), allow_nan=False) + "\n", encoding="utf-8")
    return path


def compact(reply: dict[str, Any]) -> dict[str, Any]:
    """The same reply with fewer events: tokens that came close together are one event. Nothing is lost but
    their separate times, and what the page does not read: token confidences and the machine's environment.
    """
    kept: list[dict[str, Any]] = []
    open_: dict[int, dict[str, Any]] = {}  # by node, the event that takes its next tokens
    for event in reply["events"]:
        if event["kind"] != "tokens":
            open_.clear()
            kept.append(event)
            continue
        before = open_.get(event["node"])
        if before is None or event["at_s"] - before["at_s"] > MERGE_SECONDS:
            data = {name: list(event["data"][name]) for name in ("pieces", "logprobs")}
            kept.append(event | {"data": data})
            open_[event["node"]] = kept[-1]
        else:
            for name in ("pieces", "logprobs"):
                before["data"][name] += event["data"][name]
    events = [event | {"seq": seq} for seq, event in enumerate(kept)]
    return {"events": events, "next": len(events), "run": reply["run"] | {"environment": {}}}
