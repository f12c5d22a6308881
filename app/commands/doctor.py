"""`python app.py doctor`: what works on this machine, and why not where it does not."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict

from app.command_line import BAD_INPUT, DONE
from app.doctor import checks

SIGNS = {"works": "✓", "limited": "!", "fails": "✗"}


def run(arguments: Namespace) -> int:
    """Print every check; the exit code is 2 where something that Ponder needs fails."""
    found = checks()
    if arguments.json:
        print(json.dumps([asdict(check) for check in found], indent=2))
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None, show_header=False, pad_edge=False)
        for _ in range(3):
            table.add_column(overflow="fold")
        for check in found:
            table.add_row(SIGNS[check.verdict], check.part, check.found)
            if check.advice:
                table.add_row("", "", check.advice, style="dim")
        Console(highlight=False).print(table)
    return BAD_INPUT if any(check.verdict == "fails" for check in found) else DONE
