"""The models held in memory: loaded on demand, the least recently used leaves first.

Knows backends and scorers by name and which are in use. Does not know how a model is loaded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection

from engine.backends.protocol import Backend
from engine.scoring.protocol import Scorer

LoadBackend = Callable[[str], Backend]
LoadScorer = Callable[[str, str], Scorer]


class LoadedModels:
    """At most `limit` backends, each with the scorers that were loaded for it."""

    def __init__(self, load_backend: LoadBackend, load_scorer: LoadScorer, limit: int) -> None:
        self.limit = limit
        self._load_backend = load_backend
        self._load_scorer = load_scorer
        self._backends: OrderedDict[str, Backend] = OrderedDict()
        self._scorers: dict[tuple[str, str], Scorer] = {}  # (scorer, model)

    def has_room(self, model: str, in_use: Collection[str]) -> bool:
        """Whether `model` is loaded, or can be without dropping one that is in use."""
        return model in self._backends or len(set(in_use) | {model}) <= self.limit

    def backend(self, model: str, in_use: Collection[str] = ()) -> Backend:
        """The model's backend, loaded if need be. Raises what the loader raises."""
        if model not in self._backends:
            idle = [name for name in self._backends if name not in in_use]
            while idle and len(self._backends) >= self.limit:
                self._drop(idle.pop(0))
            self._backends[model] = self._load_backend(model)
        self._backends.move_to_end(model)
        return self._backends[model]

    def scorer(self, name: str, model: str) -> Scorer:
        """The scorer that serves `model`'s runs. Raises what the loader raises."""
        key = (name, model)
        if key not in self._scorers:
            self._scorers[key] = self._load_scorer(name, model)
        return self._scorers[key]

    def __contains__(self, model: object) -> bool:
        return model in self._backends

    def scorers(self) -> list[Scorer]:
        """Every scorer in memory."""
        return list(self._scorers.values())

    def _drop(self, model: str) -> None:
        del self._backends[model]
        for key in [key for key in self._scorers if key[1] == model]:
            del self._scorers[key]
