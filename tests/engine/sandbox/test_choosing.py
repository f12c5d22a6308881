"""Which level is used: the best that passes its self-test; none where none does; limits only by the owner."""

from __future__ import annotations

import sys

import pytest

from engine.errors import BadInput, ScorerUnavailable
from engine.sandbox import choosing, escapes, levels, override
from engine.sandbox.levels import Level


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test chooses for itself."""
    monkeypatch.setattr(choosing, "_found", None)
    monkeypatch.delenv(override.SETTING, raising=False)


def leaking(monkeypatch: pytest.MonkeyPatch, leaks: dict[str, list[str]]) -> None:
    monkeypatch.setattr(levels, "why_not", lambda level: "")
    monkeypatch.setattr(escapes, "find_leaks", lambda level: leaks.get(level.name, []))


def test_the_best_level_that_holds_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    leaking(monkeypatch, {})
    assert choosing.choice() == choosing.Choice(levels.BUBBLEWRAP, ())
    assert choosing.environment() == {"sandbox": "bubblewrap"}


def test_a_level_that_leaks_is_not_used_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    leaking(monkeypatch, {"bubblewrap": ["read a file"], "namespaces": ["fork", "listen"]})
    found = choosing.choice()
    assert found.level is levels.LANDLOCK
    assert [why.rpartition(": ")[2] for why in found.why_not_better] == ["read a file.", "fork; listen."]
    assert (found.banner, found.why_disabled) == ("", "")


def test_where_no_level_holds_programs_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    leaking(monkeypatch, {level.name: ["read a file"] for level in levels.LEVELS})
    assert choosing.environment() == {"sandbox": "none"}
    with pytest.raises(ScorerUnavailable, match="Programs cannot be run safely on this machine") as caught:
        choosing.level()
    assert "\n" not in str(caught.value)


def test_elsewhere_than_on_linux_the_reason_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert choosing.choice().why_disabled == (
        "Programs cannot be run safely on this machine: Programs can be confined on Linux only."
    )


def test_the_owner_s_setting_runs_them_with_a_banner(monkeypatch: pytest.MonkeyPatch) -> None:
    leaking(monkeypatch, {level.name: ["read a file"] for level in levels.LEVELS})
    monkeypatch.setenv(override.SETTING, "yes")
    assert choosing.choice().level is None  # only the exact words count
    monkeypatch.setattr(choosing, "_found", None)
    monkeypatch.setenv(override.SETTING, override.AGREED)
    assert choosing.level() is levels.UNSAFE
    assert "WITHOUT A SANDBOX" in choosing.choice().banner


def test_a_level_that_holds_comes_before_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    leaking(monkeypatch, {})
    monkeypatch.setenv(override.SETTING, override.AGREED)
    assert choosing.level() is levels.BUBBLEWRAP
    assert choosing.choice().banner == ""


def test_with_the_setting_only_this_machine_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    override.check_host("0.0.0.0")
    monkeypatch.setenv(override.SETTING, override.AGREED)
    for host in ("127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost"):
        override.check_host(host)
    for host in ("0.0.0.0", "192.168.1.2", "::", "example.org", "", "localhost.example.org"):
        with pytest.raises(BadInput, match="serves this machine only"):
            override.check_host(host)


def test_the_self_test_finds_a_level_that_does_not_hold() -> None:
    """Limits alone are no sandbox, and the self-test says so."""
    if sys.platform != "linux":
        pytest.skip("programs are confined on Linux only")
    no_walls = Level("limits", "limits only", ("limits",), False)
    found = escapes._ways_out(no_walls)
    assert {"read a file", "change a file", "connect", "signal Ponder", "another process"} <= set(found)
    assert "it changed files" in found
    assert escapes.find_leaks(no_walls)
