"""The script at the start of every page: there on pages, not in files, and no stream is held back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.page_head import PageHead

PAGE = "<html><head><title>ü</title></head><body>a <head> in the text</body></html>"


def page(request: Any) -> Response:
    return HTMLResponse(PAGE)


def parts(request: Any) -> Response:
    async def halves() -> AsyncIterator[str]:
        yield PAGE[:10]
        yield PAGE[10:]

    return StreamingResponse(halves(), media_type="text/html")


def data(request: Any) -> Response:
    return Response("<head>", media_type="application/json")


@pytest.fixture(scope="module")
def client() -> TestClient:
    routes = [Route("/", page), Route("/parts", parts), Route("/data", data), Route("/gradio_api/file", page)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(PageHead, text="<script>ü</script>")]))


@pytest.mark.parametrize("path", ["/", "/parts"])
def test_a_page_begins_with_the_script(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.text == PAGE.replace("<head>", "<head><script>ü</script>", 1)
    assert answer.headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize(("path", "text"), [("/data", "<head>"), ("/gradio_api/file", PAGE)])
def test_data_and_files_are_as_they_were(client: TestClient, path: str, text: str) -> None:
    assert client.get(path).text == text


def test_a_stream_that_is_no_page_is_not_held_back() -> None:
    sent: list[dict[str, Any]] = []
    seen: list[int] = []

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in range(3):
            await send({"type": "http.response.body", "body": b"%d" % part, "more_body": part < 2})
            seen.append(len(sent))

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is asked for")

    scope = {"type": "http", "method": "GET", "path": "/events"}
    asyncio.run(PageHead(stream, "x")(scope, receive, send))
    assert seen == [2, 3, 4]
