"""`python app.py export RUN`: a stored run as a file, in any of the formats that can be read again."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from app.command_line import DONE
from app.exchange import format_named
from engine.errors import BadInput
from storage.store import Store


def run(arguments: Namespace) -> int:
    """Write the file. Raises RunNotFound, or BadInput for a format or a place that cannot be used."""
    form = format_named(arguments.format)
    if arguments.output is None and sys.stdout.isatty() and form.name == "parquet":
        raise BadInput("Parquet is no text: name a file with --output.")
    store = Store()
    try:
        stored = store.load(arguments.run)
    finally:
        store.close()
    content = form.write([stored])
    if arguments.output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return DONE
    try:
        Path(arguments.output).write_bytes(content)
    except OSError as error:
        raise BadInput(f"The file {arguments.output} cannot be written: {error.strerror}.") from None
    print(f"Saved as {arguments.output}.", file=sys.stderr)
    return DONE
