"""How the bundled models are made, from nothing to the committed folders: `python app.py train NAME`."""

from __future__ import annotations

from pathlib import Path

from engine.errors import BadInput

POLICIES = ("ponder-1m", "ponder-3m", "ponder-8m")
REWARDS = ("ponder-prm-3m",)
MODELS = Path(__file__).resolve().parent.parent / "models"


def train(
    name: str,
    *,
    work: Path = Path("training"),
    models: Path = MODELS,
    tokens: int | None = None,
    minutes: float | None = None,
    is_resumed: bool = False,
) -> Path:
    """Train a bundled model and export it; returns its folder.

    `tokens` replaces the recipe's length, `minutes` ends early, `work` keeps checkpoints and the curve.
    Raises BadInput for an unknown name, a length that is not positive or a checkpoint that is missing or
    damaged, and TrainingStopped where nothing more can be written.
    """
    if name not in POLICIES + REWARDS:
        raise BadInput(
            f"There is no bundled model “{name}” to train; there are {', '.join(POLICIES + REWARDS)}."
        )
    if (tokens is not None and tokens <= 0) or (minutes is not None and minutes <= 0):
        raise BadInput("The length of a training must be more than 0.")
    if name in POLICIES:
        from engine.training.policy import train_policy

        return train_policy(name, work / name, models, tokens=tokens, minutes=minutes, is_resumed=is_resumed)
    from engine.training.reward import train_reward

    return train_reward(name, work / name, models, tokens=tokens, minutes=minutes, is_resumed=is_resumed)
