"""A real Chromium in front of real servers. Every page a test opens must stay clean: no error in the console,
no request beyond this machine."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests import chromium
from tests.browser.sites import ROOT, Site, serving

playwright_api = pytest.importorskip("playwright.sync_api")

BUNDLED = ROOT / "engine" / "models" / "ponder-3m" / "model.safetensors"
OUTPUT = ROOT / "test-output"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Generator[Any]:
    path = chromium.find()
    if path is None:
        pytest.skip("No Chromium on this machine.")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def slow_site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """A scripted model that takes its time."""
    folder = tmp_path_factory.mktemp("slow") / "data"
    with serving(["-m", "tests.browser.odd_server", "slow"], folder) as site:
        yield site


@pytest.fixture(scope="session")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """A scripted model that says markup and script."""
    folder = tmp_path_factory.mktemp("hostile") / "data"
    with serving(["-m", "tests.browser.odd_server", "hostile"], folder) as site:
        yield site


@pytest.fixture(scope="session")
def real_site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """`python app.py` as a person starts it, with the bundled model."""
    if not BUNDLED.exists():
        pytest.skip("The bundled model is not here.")
    folder = tmp_path_factory.mktemp("real") / "data"
    with serving(["app.py"], folder) as site:
        yield site


@pytest.fixture
def open_page(browser: Any) -> Generator[Callable[..., Any]]:
    """open_page(address, **context settings) -> a page of a person of their own; checked at the end."""
    contexts: list[Any] = []
    trouble: list[str] = []

    def watch(page: Any) -> None:
        page.on("pageerror", lambda error: trouble.append(f"uncaught: {error}"))
        page.on("console", lambda said: said.type == "error" and trouble.append(f"console: {said.text}"))
        page.on(
            "request", lambda asked: is_local(asked.url) or trouble.append(f"left the machine: {asked.url}")
        )

    def open_one(address: str, **settings: Any) -> Any:
        settings = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"} | settings
        context = browser.new_context(**settings)
        contexts.append(context)
        context.set_default_timeout(20_000)
        context.on("page", watch)
        page = context.new_page()
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert trouble == []


def is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:"))


@pytest.fixture
def keep_picture() -> Callable[[Any, str], None]:
    """keep_picture(page, name) -> test-output/name.png, for a person to look at."""

    def keep(page: Any, name: str) -> None:
        OUTPUT.mkdir(exist_ok=True)
        page.screenshot(path=OUTPUT / f"{name}.png")

    return keep
