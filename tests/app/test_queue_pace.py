"""Gradio's queue looks for work as often as it is told: another name for it would go unheard."""

import asyncio

import gradio as gr


def test_the_queue_has_the_paces_that_the_server_sets() -> None:
    async def build() -> gr.Blocks:
        with gr.Blocks(analytics_enabled=False) as made:
            gr.HTML("<p>Hello</p>")
        return made.queue()

    assert {"sleep_when_free", "progress_update_sleep_when_free"} <= vars(asyncio.run(build())._queue).keys()
