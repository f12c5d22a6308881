"""Sessions are described as before, from descriptions that are made once, and change only their own."""

import asyncio
from copy import copy

import gradio as gr
import pytest
from gradio.blocks import BlocksConfig
from gradio.state_holder import SessionState

from app import component_descriptions


@pytest.fixture
def pages() -> gr.Blocks:
    async def build() -> gr.Blocks:  # it looks for a running loop, and leaves one open where there is none
        with gr.Blocks(analytics_enabled=False) as made:
            gr.Slider(0, 10, label="How many")
            gr.HTML("<p>Hello</p>")
        return made

    return asyncio.run(build())


def test_sessions_are_described_as_before(pages: gr.Blocks):
    before = SessionState(pages).config_values
    assert len(before) >= 2
    component_descriptions.keep(pages)
    assert SessionState(pages).config_values == before
    assert SessionState(pages).config_values == before


def test_each_component_is_described_once(pages: gr.Blocks, monkeypatch: pytest.MonkeyPatch):
    component_descriptions.keep(pages)
    first = SessionState(pages)

    def refuse(*_: object) -> None:
        raise AssertionError("described again")

    monkeypatch.setattr(BlocksConfig, "config_for_block", staticmethod(refuse))
    assert SessionState(pages).config_values == first.config_values


def test_what_one_session_changes_no_other_sees(pages: gr.Blocks):
    component_descriptions.keep(pages)
    slider = next(key for key, block in pages.blocks.items() if isinstance(block, gr.Slider))
    one, other = SessionState(pages), SessionState(pages)
    one._update_value_in_config(slider, 7)
    one[slider] = gr.Slider(0, 20, value=3)
    one._update_config(slider)
    assert one.config_values[slider]["props"]["maximum"] == 20
    assert other.config_values[slider]["props"]["value"] != 7
    assert SessionState(pages).config_values[slider]["props"]["maximum"] == 10


def test_a_copy_is_a_layout_of_its_own(pages: gr.Blocks):
    component_descriptions.keep(pages)
    again = copy(pages.default_config)
    assert again.blocks == pages.default_config.blocks and again.blocks is not pages.default_config.blocks
