"""The web app: pages, files it may serve, and its security settings.

Knows Gradio's launch. Does not know what a page shows. Nothing here loads a model: the first run does, on
the engine's own thread, so the page is up in seconds.
"""

from __future__ import annotations

import gradio as gr
from gradio.components import Navbar
from starlette.middleware import Middleware

from app import api, component_descriptions, plotly_view, scripts, theme
from app.command_line import DEFAULT_MODEL
from app.page_head import PageHead
from app.pages import compare, history, learn, run, system
from app.scripts import STATIC
from app.service import Service
from app.system_facts import QUEUE_SIZE

QUEUE_LOOKS_EVERY_SECONDS = 0.02
STYLES = (
    "ponder.css",
    "run_view.css",
    "tree_view.css",
    "history.css",
    "plotly_view.css",
    "compare.css",
    "learn.css",
    "system.css",
    "tiers.css",
)


def build(service: Service, model: str = DEFAULT_MODEL) -> gr.Blocks:
    """All pages, wired to the service."""
    with gr.Blocks(
        title="Ponder", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)
    ) as pages:
        Navbar(visible=False)
        run.build(service, model)
        api.build(service)
    with pages.route("Compare", "/compare"):
        Navbar(visible=False)
        compare.build(service, model)
    with pages.route("Learn", "/learn"):
        Navbar(visible=False)
        learn.build(service, model)
    with pages.route("History", "/history"):
        Navbar(visible=False)
        history.build(service)
    with pages.route("System", "/system"):
        Navbar(visible=False)
        system.build(service, model)
    return pages


def launch(
    service: Service, host: str = "127.0.0.1", port: int = 7860, model: str | None = None
) -> gr.Blocks:
    """Serve the pages on host:port in the background. Raises OSError where the port is taken."""
    pages = build(service, model or DEFAULT_MODEL)
    component_descriptions.keep(pages)
    gr.set_static_paths([STATIC, plotly_view.LIBRARY])
    pages.queue(max_size=QUEUE_SIZE, api_open=False, default_concurrency_limit=16)
    # It asks itself for work a thousand times a second, also when nobody is there: a tenth of a slow core.
    pages._queue.sleep_when_free = pages._queue.progress_update_sleep_when_free = QUEUE_LOOKS_EVERY_SECONDS
    pages.launch(
        server_name=host,
        server_port=port,
        theme=theme.gradio_theme(),
        css=theme.css_variables(),
        css_paths=[STATIC / name for name in STYLES],
        app_kwargs={"middleware": [Middleware(PageHead, text=scripts.inline(scripts.PAGE))]},
        ssr_mode=False,
        share=False,
        show_error=False,
        enable_monitoring=False,
        run_history=False,
        mcp_server=False,
        max_file_size="5mb",
        footer_links=[],
        quiet=True,
        prevent_thread_lock=True,
        _frontend=False,  # else it asks itself for a page, and a busy machine that is late ends the program
    )
    return pages
