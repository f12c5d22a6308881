"""Two small runs when a server starts on a machine that has timed none, so that seconds can be foretold.

They load the model, which the first visitor would wait for, and are kept as a batch of their own, which
History leaves out. Only where quality tiers were measured, since only then are seconds foretold from them.
"""

from __future__ import annotations

import logging
import threading
import time

from app.service import Service
from app.tiers import Tiers, tiers_of
from engine.budget import Budget
from engine.errors import PonderError
from engine.runs import RunSpec

log = logging.getLogger(__name__)

BATCH = "warm-up"
PROBLEM = "Use 4 5 6 10 to make 24."
STRATEGY, PARAMS, MAX_TOKENS = "self_consistency", {"n": 8}, 600
RUNS = 2  # the first also waits for whatever is done once, such as compiling
LOOK_SECONDS = 0.05
GIVE_UP_SECONDS = 120.0


def start(service: Service, model: str) -> threading.Thread:
    """Do it beside everything else; a server that stops does not wait for it."""
    thread = threading.Thread(target=warm_up, args=(service, model), name="ponder-warm-up", daemon=True)
    thread.start()
    return thread


def warm_up(service: Service, model: str) -> None:
    """Make the runs where there is none to go by, one after the other. Never fails."""
    try:
        if not isinstance(tiers_of(model), Tiers) or service.runs(filters={"model": model}, limit=1):
            return
        if service.runs(filters={"model": model, "batch": BATCH}, limit=1):
            return
        for seed in range(RUNS):
            spec = RunSpec(
                PROBLEM, model, STRATEGY, dict(PARAMS), seed=seed, budget=Budget(MAX_TOKENS),
                owner=BATCH, batch=BATCH, cell=seed,
            )  # fmt: skip
            run = service.submit(spec)
            until = time.monotonic() + GIVE_UP_SECONDS
            while not run.is_over and time.monotonic() < until:
                time.sleep(LOOK_SECONDS)
            service.cancel(run.id)
    except PonderError as error:
        log.warning("the first runs could not be timed: %s", error)
