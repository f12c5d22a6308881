"""Whose share of the device a request counts on, and who may change what holds for everybody."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from app.visitors import is_local, owner_of


def request(address: str = "127.0.0.1", username: str | None = None, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(
        client=SimpleNamespace(host=address), headers={"host": "127.0.0.1:7860"} | named, username=username
    )


def test_owners_are_logins_then_addresses() -> None:
    assert owner_of(request()) == owner_of(request("::1")) == "local"
    assert owner_of(request("192.168.1.7")) == "at 192.168.1.7"
    assert owner_of(request("192.168.1.7", username="ann")) == "ann"
    assert owner_of(None) == "at elsewhere"


@pytest.mark.parametrize(
    "asked",
    [
        request(),
        request("::1", host="[::1]:7860"),
        request(host="localhost:7860", origin="http://localhost:7860"),
    ],
)
def test_a_person_at_this_machine_is_local(asked: Any) -> None:
    assert is_local(asked)


@pytest.mark.parametrize(
    "asked",
    [
        None,
        request("192.168.1.7"),
        request(x_forwarded_for="10.0.0.9"),
        request(forwarded="for=10.0.0.9"),
        request(origin="https://evil.example"),
        request(origin="null"),
        request(host="evil.example:7860"),  # a name that was made to point here
        request(host="127.0.0.1.evil.example"),
        request(origin="http://[broken"),
    ],
)
def test_nobody_else_is(asked: Any) -> None:
    assert not is_local(asked)
