"""`python app.py`: serve the page."""

from __future__ import annotations

import os
from argparse import Namespace

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 7860


def run(arguments: Namespace) -> int:
    """Serve until interrupted. Gradio's own environment variables are obeyed: hosting services set them."""
    from app.server import serve

    host = arguments.host or os.environ.get("GRADIO_SERVER_NAME") or DEFAULT_HOST
    port = arguments.port or int(os.environ.get("GRADIO_SERVER_PORT") or DEFAULT_PORT)
    serve(host=host, port=port, model=arguments.model)
    return 0
