"""The command line with a scripted model that takes its time: `python -m tests.app.slow_command run …`."""

from __future__ import annotations

import sys

from app.command_line import main
from engine.backends.scripted import ScriptedBackend
from engine.models import catalogue

if __name__ == "__main__":
    catalogue.load_backend = lambda name: ScriptedBackend(delay_seconds=0.02)
    sys.exit(main())
