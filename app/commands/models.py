"""`python app.py models`: every model of the catalogue, and whether it can be used here."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict

from engine.models import catalogue


def run(arguments: Namespace) -> int:
    """Print the catalogue, as JSON or as a table."""
    models = catalogue.models()
    if arguments.json:
        print(json.dumps([asdict(model) for model in models], indent=2))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("", "name", "parameters", "source", "here"):
        table.add_column(title, justify="right" if title == "parameters" else "left", overflow="fold")
    for model in models:
        parameters = f"{model.parameters:,}" if model.parameters else "?"
        here = f"{model.device} {model.dtype}" if model.is_usable else (model.why_not or "")
        table.add_row("✓" if model.is_usable else "✗", model.name, parameters, model.source, here)
    Console(highlight=False).print(table)
    return 0
