"""What this machine can do at most, measured in the run that uses it.

Knows PyTorch's matrix product and copy. Does not know models.
"""

from __future__ import annotations

import os
import platform

import torch

from engine.bench.timing import seconds
from engine.models import device

SIZES = (512, 1024, 2048)  # of square matrices; the fastest counts
COPIED_BYTES = 256 << 20
TRIES = 5


def describe() -> dict[str, object]:
    """For the record."""
    return {
        "device": device.describe(),
        "processor": platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


@torch.inference_mode()
def flops_per_second(dtype: torch.dtype = torch.float32) -> float:
    """The fastest matrix product seen."""
    best = 0.0
    for size in SIZES:
        left, right = torch.randn(2, size, size).to(dtype)
        left.matmul(right)  # the first takes longer
        best = max(best, *(2 * size**3 / seconds(lambda a=left, b=right: a @ b) for _ in range(TRIES)))
    return best


@torch.inference_mode()
def bytes_per_second() -> float:
    """The fastest copy seen; read and written bytes both count."""
    source = torch.randn(COPIED_BYTES // 4)
    target = torch.empty_like(source)
    target.copy_(source)
    return max(2 * COPIED_BYTES / seconds(lambda: target.copy_(source)) for _ in range(TRIES))
