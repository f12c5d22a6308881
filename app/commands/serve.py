"""`python app.py`: serve the page."""

from __future__ import annotations

import gc
import os
from argparse import Namespace

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 7860
# Nothing is sent anywhere, and no table of the last ten thousand calls is made anew after each one.
QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
}

# New objects, and then so many times, until Python looks for garbage: with its own 700, 10, 10 it takes a
# seventh of a server's time when thirty people run at once, and all of them wait meanwhile.
COLLECT_AFTER = 50_000, 20, 10


def run(arguments: Namespace) -> int:
    """Serve until interrupted. Gradio's variables for host and port are obeyed: hosting services set them."""
    os.environ |= QUIET
    from app import warm_up
    from app.server import launch
    from app.service import Service
    from engine.sandbox import override

    host = arguments.host or os.environ.get("GRADIO_SERVER_NAME") or DEFAULT_HOST
    port = arguments.port or int(os.environ.get("GRADIO_SERVER_PORT") or DEFAULT_PORT)
    override.check_host(host)
    service = Service()
    try:
        pages = launch(service, host=host, port=port, model=arguments.model)
        print(f"Ponder is on http://{host}:{port}  (Ctrl+C stops it)", flush=True)
        gc.freeze()  # what is there now stays until the end: it need not be looked through again
        gc.set_threshold(*COLLECT_AFTER)
        warm_up.start(service, arguments.model)
        pages.block_thread()
    finally:
        service.close()
    return 0
