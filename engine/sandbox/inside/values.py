"""Plain values as JSON and back, so that nothing but data passes between a program and what judges it.

Packed, a value is made of None, bool, int, float, str, lists, and dicts of one key that names another type.
Unpacked, it is made of Python's own types again, whatever class the program had made it of: no method that a
program wrote is ever called by whoever compares its results.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Packed = Any
MAX_ITEMS = 10_000  # taken from an iterator, which may have no end
LONG_BITS = 8_000  # whole numbers beyond are written in base 16: reading their decimals takes too long


class Opaque:
    """What stands for a value that is no plain data: equal to nothing but itself."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return f"<{self.kind}>"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"only plain values can be looked at, and this is {self.kind}")


def pack(value: Any) -> Packed:
    """Subclasses count as the type they extend. Raises RecursionError for a value inside itself."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 1 << LONG_BITS else {"int": hex(value)}
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list):
        return [pack(item) for item in value]
    if isinstance(value, dict):
        return {"dict": [[pack(key), pack(item)] for key, item in value.items()]}
    for kind in (tuple, set, frozenset):
        if isinstance(value, kind):
            return {kind.__name__: [pack(item) for item in value]}
    if isinstance(value, bytes | bytearray):
        return {type(value).__name__: value.hex()}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, range):
        return {"range": [pack(bound) for bound in (value.start, value.stop, value.step)]}
    if isinstance(value, Iterator):
        return {"iterator": [pack(item) for _, item in zip(range(MAX_ITEMS), value, strict=False)]}
    return {"opaque": f"a {type(value).__name__}"}


def unpack(packed: Packed) -> Any:
    """Raises ValueError, TypeError or RecursionError for what `pack` never makes."""
    if isinstance(packed, list):
        return [unpack(item) for item in packed]
    if not isinstance(packed, dict):
        return packed
    [(kind, parts)] = packed.items()
    match kind:
        case "int":
            return int(parts, 16)
        case "dict":
            return {unpack(key): unpack(item) for key, item in parts}
        case "tuple":
            return tuple([unpack(item) for item in parts])
        case "set":
            return {unpack(item) for item in parts}
        case "frozenset":
            return frozenset([unpack(item) for item in parts])
        case "bytes":
            return bytes.fromhex(parts)
        case "bytearray":
            return bytearray.fromhex(parts)
        case "complex":
            return complex(*parts)
        case "range":
            return range(*parts)
        case "iterator":
            return iter([unpack(item) for item in parts])
        case "opaque":
            return Opaque(str(parts)[:80])
    raise ValueError(f"no such kind of value: {kind}")


def is_plain(packed: Packed) -> bool:
    """Whether nothing in it is opaque."""
    if isinstance(packed, list):
        return all(map(is_plain, packed))
    if isinstance(packed, dict):
        return "opaque" not in packed and all(map(is_plain, packed.values()))
    return True


def write(packed: Packed) -> str:
    """The JSON text of a packed value. The json module would take a third of a program's start to import."""
    if packed is None:
        return "null"
    if packed is True:
        return "true"
    if packed is False:
        return "false"
    if isinstance(packed, str):
        return _write_text(packed)
    if isinstance(packed, list):
        return f"[{','.join([write(item) for item in packed])}]"
    if isinstance(packed, dict):
        return f"{{{','.join([f'{_write_text(key)}:{write(item)}' for key, item in packed.items()])}}}"
    if isinstance(packed, float) and not abs(packed) < float("inf"):
        return "NaN" if packed != packed else "Infinity" if packed > 0 else "-Infinity"
    return repr(packed)


def _write_text(text: str) -> str:
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    letters = []
    for letter in text:
        code = ord(letter)
        if 32 <= code < 127 and letter not in '"\\':
            letters.append(letter)
        elif code < 1 << 16:
            letters.append(f"\\u{code:04x}")
        else:
            code -= 1 << 16
            letters.append(f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}")
    return f'"{"".join(letters)}"'
