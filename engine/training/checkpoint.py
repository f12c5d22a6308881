"""The state of a training on disk: written whole or not at all, and refused where it is not whole."""

from __future__ import annotations

import contextlib
import io
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from engine.errors import BadInput, TrainingStopped

CHECKPOINT = "checkpoint.pt"  # in the work folder
PARTS = {"model", "optimisers", "step", "seen", "pool"}


def save(folder: Path, state: dict[str, Any]) -> None:
    """Replace the folder's checkpoint by `state`. Raises TrainingStopped; the one before is kept then."""
    part = (folder / CHECKPOINT).with_suffix(".tmp")
    written = io.BytesIO()  # of a file that cannot be written the library says only where its writer stood
    torch.save(state, written)
    with writing_in(folder):
        try:
            part.write_bytes(written.getbuffer())
            part.replace(folder / CHECKPOINT)
        finally:
            part.unlink(missing_ok=True)


def restore(
    folder: Path, model: torch.nn.Module, optimisers: Sequence[torch.optim.Optimizer]
) -> tuple[int, int, int]:
    """Bring model and optimisers back to the folder's checkpoint; returns its step, tokens seen and pool.

    Raises BadInput where the file is damaged or of another model.
    """
    path = folder / CHECKPOINT
    try:
        state = torch.load(path, weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise BadInput(_advice(path, "cannot be read")) from error
    if not isinstance(state, dict) or set(state) != PARTS:
        raise BadInput(_advice(path, "is not a training's"))
    try:
        model.load_state_dict(state["model"])
        for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
    except (RuntimeError, ValueError) as error:
        raise BadInput(_advice(path, "is of another model")) from error
    return state["step"], state["seen"], state["pool"]


def require(*folders: Path) -> None:
    """Raises BadInput where none of the folders has a checkpoint to go on from."""
    if not any((folder / CHECKPOINT).exists() for folder in folders):
        raise BadInput(
            f"There is no checkpoint in {folders[-1]} to go on from (the first is written after some "
            "minutes): leave --resume out."
        )


@contextlib.contextmanager
def writing_in(folder: Path) -> Iterator[None]:
    """Raises TrainingStopped for what goes wrong in writing, a full disk for example."""
    try:
        yield
    except OSError as error:
        raise TrainingStopped(
            f"The training cannot write to {folder} ({error.strerror}); the last checkpoint is kept: make "
            "room, then go on with --resume."
        ) from error


def _advice(path: Path, fault: str) -> str:
    return f"The checkpoint {path} {fault}: move it away, or leave --resume out to begin anew."
