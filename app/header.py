"""The strip at the top of every page: name, pages, theme. Plain HTML, no model text."""

from __future__ import annotations

import gradio as gr

PAGES = {
    "Run": ".",
    "Compare": "compare",
    "Learn": "learn",
    "History": "history",
    "System": "system",
}  # relative, so that the page works under a path of a proxy

_LOGO = """
<svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
  <g stroke="var(--accent)" stroke-width="1.8" fill="none"><path d="M4 11h5M9 11l6-6M9 11l6 6M9 11h7"/></g>
  <g fill="var(--accent)"><circle cx="4" cy="11" r="2.4"/><circle cx="17.5" cy="11" r="2.6"/></g>
  <g fill="var(--soft)"><circle cx="16" cy="4.5" r="2.2"/><circle cx="16" cy="17.5" r="2.2"/></g>
</svg>"""


def header(current: str) -> gr.HTML:
    """The header, with `current` marked as the page one is on."""
    links = "".join(
        f'<a href="{address}"{" aria-current=page" if name == current else ""}>{name}</a>'
        for name, address in PAGES.items()
    )
    return gr.HTML(
        html_template=f"""
            <header class="pd-header">
              <a class="pd-logo" href=".">{_LOGO}<span>Ponder</span></a>
              <nav aria-label="Pages">{links}</nav>
              <button type="button" class="pd-theme" aria-label="Switch between light and dark">◐</button>
            </header>""",
        js_on_load="""
            element.querySelector('.pd-theme').addEventListener('click', () => {
                const dark = document.body.classList.toggle('dark');
                try { localStorage.setItem('ponder-theme', dark ? 'dark' : 'light'); } catch (_) {}
                window.dispatchEvent(new Event('ponder:theme'));
            });
        """,
        apply_default_css=False,
        elem_id="header",
    )
