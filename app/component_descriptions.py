"""Descriptions of components, made once.

Gradio describes every component of every page anew for each new caller. With five pages that is a third of
what the server does while many scripts call it; each component here stays as it was built, so a kept
description is the same. What a caller's session changes is its own: it gets its own outer dictionaries.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.blocks import BlocksConfig


class Described(BlocksConfig):
    """The layout of all pages, which remembers how it described a component."""

    kept: dict[int, tuple[Any, dict[str, Any]]]  # by id: the component, and its description

    def config_for_block(  # type: ignore[override]  # a static method there, called on the object everywhere
        self, _id: int, rendered_ids: list[int], block: Any, renderable: Any = None
    ) -> dict[str, Any]:
        if rendered_ids or renderable:
            return BlocksConfig.config_for_block(_id, rendered_ids, block, renderable)
        if _id not in self.kept:
            self.kept[_id] = block, BlocksConfig.config_for_block(_id, rendered_ids, block)
        known, described = self.kept[_id]
        if known is not block:  # a session has put its own in the place
            return BlocksConfig.config_for_block(_id, rendered_ids, block)
        return described | {"props": dict(described["props"])}

    def __copy__(self) -> Described:
        return _described(super().__copy__(), self.kept)


def keep(pages: gr.Blocks) -> None:
    """Let all sessions of `pages` share the descriptions of its components."""
    pages.default_config = _described(pages.default_config, {})


def _described(layout: BlocksConfig, kept: dict[int, tuple[Any, dict[str, Any]]]) -> Described:
    own = Described(layout.root_block)
    vars(own).update(vars(layout))
    own.kept = kept
    return own
