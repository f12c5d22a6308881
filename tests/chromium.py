"""The Chromium that the browser tests use: where it is, and how to get one.

`python -m tests.chromium` makes sure of one and says which, or says that browser tests will be skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find() -> str | None:
    """The path of a Chromium: on PATH, else Playwright's own download, else None."""
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    return on_path or playwrights_own()


def playwrights_own() -> str | None:
    """The path of the Chromium that Playwright downloaded, or None where it has not."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def get() -> str | None:
    """Install a Chromium, by Playwright or else (as root, on Debian and its like) by apt-get."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        attempts += [
            ["apt-get", "update"],
            ["apt-get", "install", "-y", "--no-install-recommends", "chromium"],
        ]
    for attempt in attempts:
        try:
            subprocess.run(attempt, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600)
        except subprocess.TimeoutExpired:
            continue
        if found := find():
            return found
    return None


if __name__ == "__main__":
    chromium = find() or get()
    if chromium is None:
        print(
            "No Chromium was found on PATH and none could be installed: the browser tests will be skipped. "
            "Install Chromium, or run `.venv/bin/playwright install chromium`, to run them."
        )
