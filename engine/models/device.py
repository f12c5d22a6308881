"""Which device and number format this machine runs models in, and how much memory it has for them.

Knows the machine. Does not know models. torch is imported on first use, so that the menu opens without it.
"""

from __future__ import annotations

import functools
import os
import platform
from dataclasses import dataclass

import psutil

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True, slots=True)
class Device:
    """A device by torch's name, and the dtype (torch's name) that models run in on it."""

    name: str
    dtype: str


@functools.cache
def pick() -> Device:
    """CUDA, Apple's MPS or the CPU: the first there is; bfloat16 where it is fast, float32 on the CPU."""
    import torch

    if torch.cuda.is_available():
        return Device("cuda", "bfloat16" if torch.cuda.is_bf16_supported() else "float16")
    if torch.backends.mps.is_available():
        return Device("mps", "float16")
    return Device("cpu", "float32")


def free_bytes(device: Device) -> int:
    """Memory that a model could take now."""
    if device.name == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)


def describe() -> str:
    """The device in words: what it is, and what it computes in."""
    import torch

    device = pick()
    if device.name == "cuda":
        name = torch.cuda.get_device_name()
        return f"{name}, {torch.cuda.mem_get_info()[1] / 1e9:.0f} GB, {device.dtype}"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    processor = f"{cores} {platform.machine()} cores"
    if device.name == "mps":
        return f"Apple GPU (MPS), {device.dtype}; {processor}"
    return f"CPU, {processor}, {torch.backends.cpu.get_cpu_capability()}, {device.dtype}"
