"""The real server with the scripted model and other recordings: `… learn_server FOLDER --port PORT`."""

from __future__ import annotations

import sys
from pathlib import Path

from app.command_line import main
from app.learn import recordings

if __name__ == "__main__":
    folder, *rest = sys.argv[1:]
    recordings.FOLDER = Path(folder)
    sys.exit(main([*rest, "--model", "scripted"]))
