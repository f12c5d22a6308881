"""Kept signatures are the same ones, and what a page is described by stays the same."""

import inspect
from types import SimpleNamespace
from typing import Any

import gradio as gr

from app import component_signatures


def test_components_are_described_as_before_from_kept_signatures():
    pages: Any = SimpleNamespace(blocks={1: gr.Slider(0, 10, label="How many"), 2: gr.HTML("<p>Hello</p>")})
    before = {key: block.get_config() for key, block in pages.blocks.items()}
    signatures = {type(block): inspect.signature(type(block).__init__) for block in pages.blocks.values()}
    component_signatures.keep(pages)
    for kind, signature in signatures.items():
        assert inspect.signature(kind.__init__) == signature
        assert inspect.signature(kind.__init__) is inspect.signature(kind.__init__)  # not worked out again
    assert {key: block.get_config() for key, block in pages.blocks.items()} == before
