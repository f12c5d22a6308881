"""Whether the native sources can be built here."""

from __future__ import annotations

from engine.decoding.native.build import NotBuilt, library


def has_compiler() -> bool:
    try:
        library()
    except NotBuilt:
        return False
    return True
