"""The script that is first in every page: what Gradio takes as `head` is read only after Gradio has started.

Knows HTTP responses, not what the script does.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD = b"<head>"
DATA = "/gradio_api/"  # answers and files, among them pages to be kept: not ours to change


class PageHead:
    """ASGI middleware: `text` at the start of the head of every HTML page, but not of a file that is served.

    Everything else passes through untouched and unbuffered, also the answer to HEAD, whose length is that of
    the page without it.
    """

    def __init__(self, app: ASGIApp, text: str):
        self._app = app
        self._text = text.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or DATA in scope["path"]:
            await self._app(scope, receive, send)
            return
        start: Message | None = None  # of a page, until its text is whole
        page = bytearray()

        async def put(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                if headers.get("content-type", "").startswith("text/html"):
                    start = message
                    return
            if start is None:
                await send(message)
                return
            page.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            body = bytes(page).replace(HEAD, HEAD + self._text, 1)
            MutableHeaders(raw=start["headers"])["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, put)
