"""`python app.py train NAME`: make a bundled model anew."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path


def run(arguments: Namespace) -> int:
    """Train, evaluate and export; prints the folder of the finished model."""
    from engine.training import train

    folder = train(
        arguments.name,
        work=Path(arguments.work),
        tokens=arguments.tokens,
        minutes=arguments.minutes,
        is_resumed=arguments.resume,
    )
    print(folder)
    return 0
