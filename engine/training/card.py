"""Model cards: what a bundled model is, how it was made, and what was measured of it, in its own folder."""

from __future__ import annotations

import csv
from pathlib import Path

from scipy.stats import binomtest
from transformers import PreTrainedModel

_TEMPLATES = Path(__file__).parent / "cards"


def interval(right: int, of: int) -> str:
    """A share with its 95 % Wilson interval, in percent."""
    found = binomtest(right, of).proportion_ci(method="wilson")
    return f"{100 * right / of:.1f} % ({100 * found.low:.0f} to {100 * found.high:.0f})"


def tokens_seen(folder: Path) -> float:
    """Millions of tokens at the end of a folder's curve."""
    with (folder / "curve.csv").open() as file:
        *_, last = csv.DictReader(file)
    return int(last["tokens"]) / 1e6


FROM_NOTHING = (
    "First copying and looking up: lists, pairs and\nfacts said again, often in another order (6 % of the "
    "tokens, and one example in twenty of the next stage).",
    "The rates go to zero\nfrom a fifth of the way on. Some heads of the first two layers start out reading "
    "the tokens one, two and three places\nback (`engine/training/position_heads.py`).",
)
GROWN = (
    "It was grown from {0}, so it has seen\nwhat that has seen.",
    "The rates go to\nzero all the way. "
    "It starts out saying exactly what {0} says (`engine/training/growth.py`).",
)


def write_policy_card(
    name: str,
    model: PreTrainedModel,
    folder: Path,
    solved: dict[tuple[str, int], int],
    problems: int,
    grown_from: str | None = None,
) -> None:
    """The policy's card, with the share solved in each (family, difficulty) cell."""
    first, start = FROM_NOTHING if grown_from is None else (text.format(grown_from) for text in GROWN)
    rows = ["| family | difficulty | solved |", "|---|---|---|"]
    rows += [f"| {task} | {level} | {interval(right, problems)} |" for (task, level), right in solved.items()]
    config = model.config
    text = (
        (_TEMPLATES / "policy.md")
        .read_text()
        .format(
            name=name,
            size=model.num_parameters() / 1e6,
            layers=config.num_hidden_layers,
            hidden=config.hidden_size,
            heads=config.num_attention_heads,
            shared=config.num_key_value_heads,
            tokens=tokens_seen(folder),
            problems=problems,
            first=first,
            start=start,
            table="\n".join(rows),
        )
    )
    (folder / "README.md").write_text(text)


def write_reward_card(
    name: str,
    model: PreTrainedModel,
    folder: Path,
    rows: list[tuple[str, int, float, float]],
    calibration: float,
    *,
    alone: float,
) -> None:
    """The reward's card: per family, steps judged, accuracy at one half and area under the curve.

    `alone` is how many million tokens its new layers learned by themselves.
    """
    table = ["| family | steps | right at the threshold 0.5 | area under the curve |", "|---|---|---|---|"]
    table += [
        f"| {task} | {count:,} | {100 * right:.1f} % | {area:.3f} |" for task, count, right, area in rows
    ]
    text = (
        (_TEMPLATES / "reward.md")
        .read_text()
        .format(
            name=name,
            size=model.num_parameters() / 1e6,
            tokens=tokens_seen(folder),
            judged=sum(count for _, count, _, _ in rows),
            table="\n".join(table),
            calibration=calibration,
            alone=alone,
        )
    )
    (folder / "README.md").write_text(text)
