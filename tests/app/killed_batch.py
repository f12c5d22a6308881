"""Drives a batch until it is killed, and prints its id: `python -m tests.app.killed_batch DATABASE_URL`."""

from __future__ import annotations

import sys
import threading

from app.batch_driver import BatchDriver
from app.service import Service
from engine.backends import scripted
from engine.models import catalogue
from tests.app.batch_plans import plan

if __name__ == "__main__":
    # Slow enough that it is still at work whenever the test kills it.
    catalogue.load_backend = lambda _: scripted.ScriptedBackend(delay_seconds=0.01)
    print(BatchDriver(Service(sys.argv[1])).start(plan(12)), flush=True)
    threading.Event().wait()
