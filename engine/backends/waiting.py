"""Requests that wait for a row, one of each run in turn, so that a run of many never keeps others out."""

from __future__ import annotations

from collections import OrderedDict, deque

from engine.backends.protocol import Generate


class Waiting:
    """Truthy while any request waits."""

    def __init__(self) -> None:
        self._of_run: OrderedDict[str, deque[Generate]] = OrderedDict()  # in the order of their turns

    def __bool__(self) -> bool:
        return bool(self._of_run)

    def add(self, request: Generate) -> None:
        self._of_run.setdefault(request.run_id, deque()).append(request)

    def take(self) -> Generate:
        """The first request of the run whose turn it is. Raises StopIteration where none waits."""
        run_id, waiting = next(iter(self._of_run.items()))
        request = waiting.popleft()
        self._of_run.move_to_end(run_id)
        if not waiting:
            del self._of_run[run_id]
        return request

    def drop(self, request_id: int) -> None:
        """Forget a request; one that does not wait is none of its business."""
        for run_id, waiting in list(self._of_run.items()):
            kept = deque(request for request in waiting if request.id != request_id)
            if kept:
                self._of_run[run_id] = kept
            else:
                del self._of_run[run_id]

    def of(self, run_id: str) -> list[int]:
        """The ids of a run's requests."""
        return [request.id for request in self._of_run.get(run_id, ())]
