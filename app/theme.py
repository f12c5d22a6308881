"""Colours, fonts and shapes: the one place, for light and dark.

Gives Gradio its theme and the stylesheets their CSS variables. Every pair of ink and ground here meets
WCAG AA (4.5 : 1). Only fonts of the person's own system are used: the page asks nothing of the network.
"""

from __future__ import annotations

from gradio.themes import Base
from gradio.themes.utils import sizes

LIGHT = {
    "bg": "#fbfaf8",
    "panel": "#ffffff",
    "ink": "#1c1b22",
    "soft": "#5b5966",
    "line": "#e6e3dd",
    "edge": "#8d8a95",  # borders of controls: 3 : 1 against the panel
    "accent": "#3d46c2",
    "accent-ink": "#ffffff",
    "good": "#1f7a4d",
    "bad": "#b3261e",
    "chip": "#f1efea",
    "shade": "rgba(28, 27, 34, 0.06)",
}
DARK = {
    "bg": "#121218",
    "panel": "#1a1a22",
    "ink": "#ecebf2",
    "soft": "#a5a3b3",
    "line": "#2c2b38",
    "edge": "#6d6b7c",
    "accent": "#8b93ff",
    "accent-ink": "#12121a",
    "good": "#62d39a",
    "bad": "#ff8a80",
    "chip": "#24232e",
    "shade": "rgba(0, 0, 0, 0.35)",
}
SANS = 'Inter, "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "DejaVu Sans", sans-serif'
MONO = '"JetBrains Mono", ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace'


def css_variables() -> str:
    """The tokens as CSS variables, light on :root and dark under Gradio's `.dark`."""

    def block(selector: str, tokens: dict[str, str]) -> str:
        return f"{selector} {{ " + " ".join(f"--{name}: {value};" for name, value in tokens.items()) + " }"

    fonts = {"sans": SANS, "mono": MONO}
    return "\n".join([block(":root", LIGHT | fonts), block(".dark", DARK)])


def gradio_theme() -> Base:
    """Gradio's components in our colours; the rest is in static/ponder.css."""
    theme = Base(
        font=[name.strip(' "') for name in SANS.split(",")],
        font_mono=[name.strip(' "') for name in MONO.split(",")],
        text_size=sizes.text_sm,
        radius_size=sizes.radius_md,
    )
    both = {
        "body_background_fill": "bg",
        "background_fill_primary": "panel",
        "background_fill_secondary": "bg",
        "body_text_color": "ink",
        "body_text_color_subdued": "soft",
        "block_background_fill": "bg",
        "block_border_color": "line",
        "block_label_text_color": "soft",
        "block_title_text_color": "soft",
        "block_info_text_color": "soft",
        "border_color_primary": "line",
        "border_color_accent": "accent",
        "input_background_fill": "panel",
        "input_border_color": "edge",
        "input_border_color_focus": "accent",
        "input_placeholder_color": "soft",
        "color_accent": "accent",
        "color_accent_soft": "chip",
        "slider_color": "accent",
        "button_primary_background_fill": "accent",
        "button_primary_background_fill_hover": "accent",
        "button_primary_border_color": "accent",
        "button_primary_text_color": "accent-ink",
        "button_secondary_background_fill": "panel",
        "button_secondary_background_fill_hover": "chip",
        "button_secondary_border_color": "edge",
        "button_secondary_text_color": "ink",
        "button_cancel_background_fill": "panel",
        "button_cancel_border_color": "bad",
        "button_cancel_text_color": "bad",
        "link_text_color": "accent",
        "link_text_color_hover": "accent",
        "link_text_color_visited": "accent",
    }
    values: dict[str, str] = {}
    for name, token in both.items():
        values[name] = LIGHT[token]
        values[f"{name}_dark"] = DARK[token]
    same_in_dark = {
        name for name in values if name.removesuffix("_dark") == "color_accent" and "_dark" in name
    }
    return theme.set(
        **{name: value for name, value in values.items() if name not in same_in_dark},
        block_border_width="0px",
        block_shadow="none",
        block_padding="0px",
        button_large_radius="10px",
        button_primary_shadow="none",
        button_secondary_shadow="none",
    )
