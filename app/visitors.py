"""Who asks: whose share of the device a run counts on, and who may change what holds for everybody.

Knows a request's login name, address and headers. Does not know runs or pages.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import gradio as gr

LOCAL = "local"
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def owner_of(request: gr.Request | None) -> str:
    """The login name where there are logins, "local" on this machine, else the visitor's address."""
    name = getattr(request, "username", None)
    if name:
        return str(name)
    address = _address(request)
    return LOCAL if _is_loopback(address) else f"at {address}"


def is_local(request: gr.Request | None) -> bool:
    """Whether a person at this machine asks, from a page of this server.

    What comes through a proxy does not, nor what another site's page or name (DNS rebinding) makes a browser
    ask.
    """
    headers = getattr(request, "headers", None)
    if headers is None or not _is_loopback(_address(request)):
        return False
    if any(headers.get(name) for name in FORWARDED):
        return False
    host, origin = headers.get("host", ""), headers.get("origin")
    return _is_loopback(_name(f"//{host}")) and (origin is None or _is_loopback(_name(origin)))


def _address(request: gr.Request | None) -> str:
    client = getattr(request, "client", None)
    return str(getattr(client, "host", "") or "elsewhere")


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
