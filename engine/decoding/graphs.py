"""A decode step on a CUDA device as one recorded graph: one launch in place of some thousand.

Knows CUDA's graphs. Does not know what a step computes: it must work in place on the same tensors every time,
wait for nothing, and read nothing back. A graph holds as long as its batch: rows that join, part or leave
make a new one, so it is recorded only once a batch has proved to last.

Not run on a device yet: written by the documentation of `torch.cuda.graph` (2.13), section "CUDA Graphs" of
its notes on CUDA semantics.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

RECORDED_AFTER = 8  # eager steps of one batch; recording costs about as much as a few of them


class Recorded:
    """Calls `step`; from the time it pays, replays its recording. The outputs are overwritten each time."""

    def __init__(self, step: Callable[[], torch.Tensor]):
        self._step = step
        self._eager = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._out: torch.Tensor | None = None

    def __call__(self) -> torch.Tensor:
        if self._graph is None:
            if self._eager < RECORDED_AFTER:
                self._eager += 1
                return self._step()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):  # records, and computes nothing
                self._out = self._step()
            self._graph = graph
        self._graph.replay()
        assert self._out is not None
        return self._out
