"""The real server with the scripted model, and lessons recorded from it: `… FOLDER --port PORT`."""

from __future__ import annotations

import sys

from app.command_line import main
from app.learn import record

PROBLEMS = "4"

if __name__ == "__main__":
    folder, *rest = sys.argv[1:]
    record.main(["--model", "scripted", "--problems", PROBLEMS, "--into", folder])
    sys.exit(main([*rest, "--model", "scripted"]))
