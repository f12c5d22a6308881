"""Small pieces of text on the page, escaped: hints beside controls, and the one place for an error."""

from __future__ import annotations

from html import escape


def hint(text: str) -> str:
    """A quiet line under a control."""
    return f'<p class="pd-hint">{escape(text)}</p>' if text else ""


def mistake(text: str) -> str:
    """What is wrong with what the controls say, under them, as soon as it is typed."""
    return f'<p class="pd-hint pd-mistake">{escape(text)}</p>'


def error_box(text: str) -> str:
    """One clear sentence where the person is looking, announced to screen readers; "" clears it."""
    return f'<p class="pd-error" role="alert">{escape(text)}</p>' if text else ""


def banner(text: str) -> str:
    """A warning across the whole page, in red; "" where there is nothing to warn of."""
    return f'<p class="pd-banner" role="alert">{escape(text)}</p>' if text else ""
