"""One place that runs and remembers: catalogue, scheduler and store wired together.

The page and the command line both use it and nothing below it for running. Knows which part answers which
question. Does not know how anything is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace

from app.claims import shipped
from app.foresight import Foresight
from engine import price_book
from engine.cost import Prices
from engine.errors import BadInput, PonderError, RunNotFound
from engine.forecasting.foretell import Foretold
from engine.models import catalogue
from engine.price_book import PriceBook
from engine.runs import Run, RunSpec
from engine.scheduler import Scheduler
from storage.search import Filters, RunSummary
from storage.store import Store

PRICE_BOOK = "price_book"  # the setting's name


class Service:
    """Runs and their record. All methods may be called from any thread.

    `store_url` None is the user's own database. With `threaded` a worker runs the turns; without it the
    caller does, by `step`. With `is_saving` False nothing is stored and History is empty. Raises StorageError
    where the database cannot be used.
    """

    def __init__(self, store_url: str | None = None, threaded: bool = True, is_saving: bool = True) -> None:
        self.store = Store(store_url) if is_saving else None
        if self.store is not None:
            self.interrupted = self.store.mark_interrupted()
            self.store.purge()
        kept = None if self.store is None else self.store.setting(PRICE_BOOK)
        self._price_book = price_book.from_json(kept)
        self._foresight = Foresight(self.store, self._prices)
        self._scheduler = Scheduler(
            catalogue.load_backend,
            catalogue.load_scorer,
            catalogue.find,
            sinks=[self._foresight] if self.store is None else [self.store, self._foresight],
            prices=self._prices,
        )
        self._recorded = shipped.runs()
        self.before_close: list[Callable[[], None]] = []  # what must stop first
        self._deleted: set[str] = set()  # of live runs: the scheduler keeps those until they are forgotten
        if threaded:
            self._scheduler.start()

    # ---- running ---------------------------------------------------------------------------------------

    def check(self, spec: RunSpec) -> None:
        """Raise what `submit` would raise for this spec, and do nothing else."""
        self._scheduler.check(_readable(spec), self._source(spec))

    def submit(self, spec: RunSpec) -> Run:
        """Queue a run and return it once it is stored. Raises PonderError: then nothing was queued."""
        source = self._source(spec)
        return self._scheduler.submit(
            _readable(spec),
            source,
            lambda admitted, problem: self._foresight.of(admitted, problem, source).as_json(),
        )

    def foretell(self, spec: RunSpec) -> Foretold:
        """What this spec is expected to take here. Raises what `submit` would."""
        source = self._source(spec)
        return self._foresight.of(*self._scheduler.check(_readable(spec), source), source)

    def submit_all(self, specs: Sequence[RunSpec]) -> list[Run]:
        """Queue many runs; stored together, which is faster than one by one.

        Raises PonderError where one is refused or cannot be stored: those before it are cancelled.
        """
        begun: list[Run] = []
        try:
            with nullcontext() if self.store is None else self.store.together():
                for spec in specs:
                    run = self.submit(spec)
                    begun.append(run)
        except PonderError:
            for run in begun:
                self.cancel(run.id)
            raise
        return begun

    def _source(self, spec: RunSpec) -> Run | None:
        """The run that a fork begins with. Raises RunNotFound."""
        return None if spec.origin is None else self.get(spec.origin.run)

    def cancel(self, run_id: str) -> None:
        """Stop a run within one decode step; what it has is kept. Unknown or finished runs are ignored."""
        self._scheduler.cancel(run_id)

    def step(self) -> bool:
        """One turn of the scheduler on this thread; says whether work remains. Only without a worker."""
        return self._scheduler.step()

    # ---- prices ----------------------------------------------------------------------------------------

    @property
    def price_book(self) -> PriceBook:
        """By which the dollars of every run that begins now are counted."""
        return self._price_book

    def _prices(self, device: str) -> Prices:
        return self._price_book.for_device(device)

    def set_price_book(self, book: PriceBook) -> None:
        """Use and keep other prices from now on; runs that have begun keep theirs. Raises StorageError."""
        if self.store is not None:
            self.store.set_setting(PRICE_BOOK, None if book == price_book.DEFAULT else book.as_json())
        self._price_book = book

    # ---- remembering -----------------------------------------------------------------------------------

    def get(self, run_id: str) -> Run:
        """A run, live first, then stored, then one that came with the program. Raises RunNotFound."""
        live = self._scheduler.runs.get(run_id)
        if live is not None and run_id not in self._deleted:
            return live
        if self.store is not None and self.store.has(run_id):
            return self.store.load(run_id)  # which refuses a deleted one
        if self.is_recorded(run_id):
            return self._recorded.load(run_id)
        raise RunNotFound(f"There is no run {run_id!r}; it may have been deleted.")

    def is_recorded(self, run_id: str) -> bool:
        """Whether this run came with the program."""
        return run_id in self._recorded.ids

    def runs(
        self, search: str = "", filters: Filters | None = None, limit: int = 50, offset: int = 0
    ) -> list[RunSummary]:
        """Stored runs, newest first; see `Store.runs`."""
        return [] if self.store is None else self.store.runs(search, filters, limit, offset)

    def count(self, search: str = "", filters: Filters | None = None) -> int:
        """How many stored runs match."""
        return 0 if self.store is None else self.store.count(search, filters)

    def choices(self) -> dict[str, list[str]]:
        """What the filters of History can be set to."""
        return {} if self.store is None else self.store.choices()

    def delete(self, run_id: str) -> None:
        """Hide a run, stopping it if it is live; `restore` brings it back. Raises RunNotFound."""
        self.cancel(run_id)
        if self.store is not None:
            self.store.delete(run_id)
        elif run_id not in self._scheduler.runs:
            raise RunNotFound(f"There is no run {run_id!r}; it may have been deleted.")
        self._deleted.add(run_id)

    def restore(self, run_id: str) -> None:
        """Undo `delete`. Raises RunNotFound once the run is gone for good."""
        if self.store is not None:
            self.store.restore(run_id)
        self._deleted.discard(run_id)

    def adopt(self, runs: Sequence[Run]) -> int:
        """Keep finished runs from files; how many were new. Raises StorageError."""
        return 0 if self.store is None else self.store.adopt(runs)

    def mark(
        self,
        run_id: str,
        *,
        is_starred: bool | None = None,
        tags: Sequence[str] | None = None,
        note: str | None = None,
    ) -> None:
        """Set a person's own marks on a stored run; see `Store.mark`."""
        if self.store is None:
            raise RunNotFound("Runs are not stored here, so they cannot be marked.")
        self.store.mark(run_id, is_starred=is_starred, tags=tags, note=note)

    @property
    def trouble(self) -> str:
        """Why runs cannot be saved at the moment, in one sentence, or ""."""
        return "" if self.store is None else self.store.trouble

    def flush(self) -> None:
        """Return once everything up to now is stored. Raises StorageError."""
        if self.store is not None:
            self.store.flush()

    def close(self) -> None:
        """Seal what still runs as interrupted, save it, and close. Raises StorageError if saving failed."""
        for stop in self.before_close:
            stop()
        self._scheduler.stop()
        if self.store is not None:
            self.store.close()


def _readable(spec: RunSpec) -> RunSpec:
    """The spec without what no file or model can hold: half characters and NUL."""
    for words in (spec.problem, spec.expected or ""):
        try:
            words.encode()
        except UnicodeEncodeError:
            raise BadInput("The problem contains broken characters; type or save it as UTF-8 text.") from None
    expected = None if spec.expected is None else spec.expected.replace("\0", "")
    return replace(spec, problem=spec.problem.replace("\0", ""), expected=expected)
