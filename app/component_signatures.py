"""Signatures of components, worked out once.

Gradio describes every component of every page anew for each new caller, by the signature of its class. With
five pages that is a third of what the server does while many scripts call it; a kept signature is the same.
"""

from __future__ import annotations

import inspect

import gradio as gr


def keep(pages: gr.Blocks) -> None:
    """Let `inspect.signature` find those of all the pages' components ready-made."""
    kinds = {kind for block in pages.blocks.values() for kind in type(block).__mro__}
    for kind in kinds - {object}:
        create = vars(kind).get("__init__")
        if inspect.isfunction(create):
            create.__signature__ = inspect.signature(create)  # type: ignore[attr-defined]
