"""What one program may use before it is stopped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All of them are hard. Processor time is counted by the kernel, the wall clock by Ponder.

    Memory is one process's address space, and there is only one process. `scratch_bytes` is the whole of what
    can be written where a level has a scratch folder, `file_bytes` one file of it; both are memory.
    """

    cpu_seconds: int = 3
    wall_seconds: float = 8.0
    memory_bytes: int = 512 << 20
    file_bytes: int = 1 << 20
    scratch_bytes: int = 16 << 20
    output_bytes: int = 64 << 10
    replies_bytes: int = 4 << 20
