"""The browser's half: which script files a view needs, in their order, and the tags that load them.

Knows files and their versions. A component hands the tags to Gradio as its own `head`: then they are loaded
in order, once, and before the component starts. Tags in the page's head are loaded in any order, too late.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"

TREE = (
    "vendor/d3-bundle.min.js",
    "tree_layout.js",
    "tree_labels.js",
    "tree_paint.js",
    "tree_dress.js",
    "tree_camera.js",
    "tree_list.js",
    "tree_tip.js",
    "tree_keys.js",
    "tree_view.js",
)
RUN = (
    "elements.js",
    "run_log.js",
    "run_pull.js",
    *TREE,
    "run_words.js",
    "run_best.js",
    "run_scores.js",
    "run_bars.js",
    "run_headline.js",
    "run_scrubber.js",
    "run_candidates.js",
    "run_steps.js",
    "run_tokens.js",
    "run_inspector.js",
    "run_links.js",
    "run_aloud.js",
    "run_view.js",
)
HISTORY = ("history_view.js",)


def tags(names: Iterable[str]) -> str:
    """Script tags for files of static/, each with a version, so that a browser never mixes old and new."""
    lines = []
    for name in names:
        file = STATIC / name
        version = hashlib.sha256(file.read_bytes()).hexdigest()[:10]
        lines.append(f'<script src="gradio_api/file={file.as_posix()}?v={version}"></script>')
    return "\n".join(lines)
