"""Programs without a sandbox: only by the owner's explicit setting, only where nobody else can connect.

Knows the setting, the words of the banner, and which addresses are this machine's own.
"""

from __future__ import annotations

import ipaddress
import os

from engine.errors import BadInput

SETTING = "PONDER_UNSAFE_PROGRAMS"
AGREED = "run-without-a-sandbox"
BANNER = (
    "Programs that a model writes run WITHOUT A SANDBOX on this machine: they can read and change your "
    f"files. This was set by {SETTING}; unset it to stop."
)


def is_asked() -> bool:
    """Whether the owner has said the words. Another value of the setting does not count."""
    return os.name == "posix" and os.environ.get(SETTING) == AGREED


def check_host(host: str) -> None:
    """Raise BadInput where the setting is made and the server could be reached from elsewhere."""
    if is_asked() and not _is_loopback(host):
        raise BadInput(
            f"With {SETTING} set, Ponder serves this machine only: unset it, or serve on 127.0.0.1, not "
            f"{host}."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
