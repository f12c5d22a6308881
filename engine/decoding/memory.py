"""Goes on when the device is out of memory: smaller passes, and what can be read again given back.

Knows runners and the errors devices raise. Does not know models.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.decoding.packing import Read
from engine.decoding.runner import Runner


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device (or, for CPU tensors, this computer) had too little memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(
        words in str(error).lower() for words in ("out of memory", "can't allocate memory")
    )


def read(runner: Runner, reads: Sequence[Read]) -> None:
    """Read paths, in halves where memory runs out; raises the device's error when one alone is too much."""
    if not reads:
        return
    try:
        runner.read(reads)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) or len(reads) == 1:
            raise
        free(runner)
        half = len(reads) // 2
        read(runner, reads[:half])
        read(runner, reads[half:])


def free(runner: Runner) -> None:
    """Drop all that can be read again, and return the memory to the device."""
    runner.free()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
