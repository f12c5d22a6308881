"""Goes on when the device is out of memory: smaller forwards, and what can be read again given back.

Knows runners and the errors devices raise. Does not know models. A forward may be repeated: it writes the
same keys and values to the same places.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.decoding.packing import Read
from engine.decoding.runner import Row, Runner


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device (or, for CPU tensors, this computer) had too little memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(
        words in str(error).lower() for words in ("out of memory", "can't allocate memory")
    )


def forward(
    runner: Runner, rows: Sequence[Row], reads: Sequence[Read], limit: int
) -> tuple[torch.Tensor, int]:
    """The rows' logits [R, V], in forwards of at most `limit` rows and reads each; and the limit that held.

    Halves the limit whenever memory runs out; raises the device's error when one row alone is too much.
    """
    logits: list[torch.Tensor] = []
    done_rows = done_reads = 0
    while done_rows < len(rows) or done_reads < len(reads):
        some_rows = rows[done_rows : done_rows + limit]
        some_reads = reads[done_reads : done_reads + limit - len(some_rows)]
        try:
            some_logits = runner.forward(some_rows, some_reads)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or limit <= 1:
                raise
            limit = max(1, min(limit, len(some_rows) + len(some_reads)) // 2)
            free(runner)
            continue
        done_rows += len(some_rows)
        done_reads += len(some_reads)
        if some_rows:
            logits.append(some_logits)
    return (logits[0] if len(logits) == 1 else torch.cat(logits)) if logits else torch.empty(0), limit


def free(runner: Runner) -> None:
    """Drop all that can be read again, and return the memory to the device."""
    runner.free()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
