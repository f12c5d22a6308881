"""Ponder's only command: `python app.py` serves the page; `python app.py --help` lists the rest."""

import sys

from app.command_line import main

if __name__ == "__main__":
    sys.exit(main())
