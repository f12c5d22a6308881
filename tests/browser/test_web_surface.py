"""What a stranger gets from the server's routes: the page's own files, and nothing else."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.browser.sites import ROOT, Site

SECRET = "/etc/passwd"


def ask(address: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and text of a GET, or of a POST where there is a body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        address,
        data,
        {"Content-Type": "application/json", **(headers or {})},
        method="POST" if data else "GET",
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def test_the_pages_own_files_are_served(slow_site: Site) -> None:
    status, text = ask(f"{slow_site.address}/gradio_api/file={ROOT / 'static' / 'ponder.css'}")
    assert status == 200 and text


@pytest.mark.parametrize(
    "path", [SECRET, str(ROOT / "app" / "service.py"), "static/../../../../../etc/passwd"]
)
def test_files_outside_the_static_folder_are_refused(slow_site: Site, path: str) -> None:
    for route in (
        "gradio_api/file=",
        "file=",
        "gradio_api/file/",
        "static/",
        "gradio_api/deep_link?session_hash=",
    ):
        status, text = ask(f"{slow_site.address}/{route}{path}")
        assert "root:" not in text and "class Service" not in text
        assert status >= 400 or text.lstrip().startswith(("<!doctype", "{", '"'))


def test_a_posted_path_is_not_read(slow_site: Site) -> None:
    """Gradio turns file dictionaries in a request into files it may serve; ours must not."""
    file = {"path": SECRET, "meta": {"_type": "gradio.FileData"}, "orig_name": "x.txt"}
    for fn_index in range(12):
        body = {"data": [file] * 8, "fn_index": fn_index, "session_hash": "stranger"}
        for route in ("gradio_api/run/predict", "gradio_api/api/predict", "gradio_api/queue/join"):
            assert "root:" not in ask(f"{slow_site.address}/{route}", body)[1]
    for body in ({"fn_name": "pull", "component_id": 1, "session_hash": "s", "data": file}, {"data": file}):
        assert "root:" not in ask(f"{slow_site.address}/gradio_api/component_server", body)[1]
    assert "root:" not in ask(f"{slow_site.address}/gradio_api/file={SECRET}")[1]


def test_only_the_named_endpoints_are_offered(slow_site: Site) -> None:
    status, text = ask(f"{slow_site.address}/gradio_api/info")
    offered = json.loads(text)
    assert status == 200
    assert set(offered["named_endpoints"]) == {"/run", "/compare", "/get_run", "/list_strategies"}
    assert not offered["unnamed_endpoints"]


def test_another_site_cannot_read_answers(slow_site: Site) -> None:
    """No reflected CORS: a page from elsewhere may not read what this server says."""
    request = urllib.request.Request(
        f"{slow_site.address}/config", headers={"Origin": "https://evil.example"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            allowed = reply.headers.get("Access-Control-Allow-Origin")
    except urllib.error.HTTPError as error:
        allowed = error.headers.get("Access-Control-Allow-Origin")
    assert allowed not in ("*", "https://evil.example")


def test_errors_show_no_traceback(slow_site: Site) -> None:
    for body in ({}, {"data": None}, {"fn_index": 99999, "data": []}, [], "x"):
        _, text = ask(f"{slow_site.address}/gradio_api/run/predict", body)
        assert "Traceback" not in text and str(ROOT) not in text
