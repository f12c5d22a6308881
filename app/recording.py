"""Makes the run that first visitors see, with a bundled model, and keeps it as app/recorded_run.json.

Knows what makes a good first sight: the page's own first problem and strategy, a right answer, a tree that
fits a screen. Does not know how it is shown. Make it anew, on an idle machine since its seconds are shown,
whenever the models or the log of events change:

    OMP_NUM_THREADS=1 .venv/bin/python -c "from app import recording; print(recording.make())"
"""

from __future__ import annotations

from collections.abc import Iterable

from app.pages.run import FIRST_PROBLEM, FIRST_STRATEGY
from app.run_feed import record
from app.service import Service
from engine.budget import Budget
from engine.runs import RunSpec

FEWEST_NODES, MOST_NODES = 40, 90


def make(model: str = "ponder-3m", scorer: str = "auto", seeds: Iterable[int] = range(1, 33)) -> str:
    """Run the seeds in turn until one gives a good first sight, keep that run, and say which it was.

    Raises LookupError where none does, and PonderError where the model or the scorer cannot be used.
    """
    service = Service(threaded=False, is_saving=False)
    try:
        for seed in [0, *seeds]:  # the first only loads the model, so that loading is in nobody's seconds
            run = service.submit(
                RunSpec(
                    FIRST_PROBLEM,
                    model,
                    FIRST_STRATEGY,
                    params={"scorer": scorer},
                    seed=seed,
                    budget=Budget(max_tokens=1500),
                )
            )
            while service.step():
                pass
            nodes = len(run.tree.nodes)
            if seed and run.is_correct and FEWEST_NODES <= nodes <= MOST_NODES:
                record(run)
                return f"seed {seed}: {run.answer}, {nodes} nodes, {run.usage.seconds:.1f} s"
    finally:
        service.close()
    raise LookupError("No seed gave a right answer with a tree that fits; try another scorer or more seeds.")
