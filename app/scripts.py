"""The browser's half: which script files a view needs, in their order, and the tags that load them.

Knows files and their versions. A component hands the tags to Gradio as its own `head`: then they are loaded
in order, once, and before the component starts. Tags in the page's head are loaded in any order, too late.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"

PAGE = ("page.js",)  # first in every page, as text: it acts before the first frame
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
    "tree_pointing.js",
    "tree_buttons.js",
    "tree_view.js",
)
RUN = (
    "elements.js",
    "files.js",
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
    "run_origin.js",
    "run_fork.js",
    "run_reselect.js",
    "run_forecast.js",
    "run_aloud.js",
    "run_view.js",
)
SETUP = ("files.js", "setup_fork.js", "setup_restore.js")
HISTORY = ("elements.js", "files.js", "history_row.js", "history_bar.js", "history_view.js")
REPLAY = ("replay.js",)
PLOTLY = ("elements.js", "plotly_view.js")
COMPARE = (
    *PLOTLY,
    "run_log.js",
    "run_pull.js",
    *TREE,
    "run_words.js",
    "run_best.js",
    "compare_ask.js",
    "compare_differences.js",
    "compare_settings.js",
    "compare_bars.js",
    "compare_lane.js",
    "compare_setup.js",
    "compare_batch_form.js",
    "compare_batch_table.js",
    "compare_batch.js",
    "compare_view.js",
)
SYSTEM = (*PLOTLY, "system_prices.js", "system_claims.js", "system_view.js")
LEARN = (
    *PLOTLY,
    "run_log.js",
    "run_pull.js",
    *TREE,
    "run_words.js",
    "run_best.js",
    "run_bars.js",
    "run_candidates.js",
    "learn_lane.js",
    "learn_replay.js",
    "learn_chart.js",
    "learn_keys.js",
    "learn_live.js",
    "learn_page.js",
)


def tags(names: Iterable[str]) -> str:
    """Script tags for files of static/."""
    return "\n".join(f'<script src="{address(STATIC / name)}"></script>' for name in names)


def inline(names: Iterable[str]) -> str:
    """The text of files of static/, as one script."""
    return "<script>" + "\n".join((STATIC / name).read_text() for name in names) + "</script>"


@cache
def address(file: Path) -> str:
    """Where the browser finds a served file, with its version, so that it never mixes old and new."""
    version = hashlib.sha256(file.read_bytes()).hexdigest()[:10]
    return f"gradio_api/file={file.as_posix()}?v={version}"
