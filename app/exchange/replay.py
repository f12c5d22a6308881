"""A run as one HTML file that plays by itself: opened from disk, it asks nothing of any network.

Knows which styles and scripts the run view needs, and how to put a run's log into a page safely: the log is
data that no browser runs, and only the scripts written here may run at all, by their hashes. The same file
can be read again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from app import theme
from app.exchange.event_log import event_of, plain
from app.exchange.records import run_of
from app.run_feed import head_of
from app.scripts import REPLAY, RUN, STATIC
from engine.errors import BadInput
from engine.runs import Run
from storage.json_text import to_json

STYLES = ("ponder.css", "run_view.css", "tree_view.css", "replay.css")
SCRIPTS = (*RUN, *REPLAY)
TEMPLATE = Path(__file__).parents[1] / "run_view.html"
DATA = re.compile(r'<script type="application/json" id="ponder-run">(.*?)</script>', re.DOTALL)


def write(runs: Sequence[Run]) -> bytes:
    """The file of one run. Raises BadInput for several."""
    if len(runs) != 1:
        raise BadInput("An HTML replay holds one run; choose one.")
    return page(runs[0]).encode()


def page(run: Run) -> str:
    """The whole page."""
    scripts = [_read(name) for name in SCRIPTS]
    allowed = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    policy = f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:"
    styles = "\n".join([theme.css_variables(), *(_read(name) for name in STYLES)])
    head = head_of(run) | {"is_over": True}
    data = to_json({"run": head, "events": [plain(event) for event in run.tree.events]})
    title = escape(" ".join(run.spec.problem.split())[:80])
    made = escape(f"{run.created_at:%Y-%m-%d %H:%M} UTC")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title} · Ponder</title>
<style>{styles}</style>
</head>
<body>
<header class="pd-header rp-header"><span class="pd-logo">Ponder</span>
<span class="rp-about">A run of {made}, replayed from this file; no network is asked.</span>
<button type="button" class="pd-theme" aria-label="Switch between light and dark">◐</button></header>
<main id="run-view"><div class="html-container"><div>
{TEMPLATE.read_text(encoding="utf-8")}
</div></div></main>
<script type="application/json" id="ponder-run">{data.replace("<", chr(92) + "u003c")}</script>
{"".join(f"<script>{script}</script>" for script in scripts)}
</body>
</html>
"""


def read(text: str) -> list[Run]:
    """The run of such a file. Raises BadInput."""
    found = DATA.search(text)
    if found is None:
        raise BadInput("This page holds no run of Ponder's.")
    try:
        data = json.loads(found[1])
        events = [event_of(value, seq) for seq, value in enumerate(data["events"])]
        return [run_of(data["run"], events)]
    except (ValueError, TypeError, LookupError, RecursionError):
        raise BadInput("The run in this page cannot be read.") from None


def _read(name: str) -> str:
    text = (STATIC / name).read_text(encoding="utf-8")
    assert "</script" not in text.lower() and "</style" not in text.lower(), f"{name} would end its element"
    return text


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
