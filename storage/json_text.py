"""Plain values as JSON text, for a column or a browser. Knows no tables."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson


def to_json(value: Any) -> str:
    """JSON in which Infinity and NaN are null.

    Integers of over 64 bits and halves of characters, which the fast writer does not know, take the slow one.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return json.dumps(_finite(value))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
