"""From tokens to text as they come, and when a step has ended.

Knows one tokenizer and the strings that end a step. Does not know models or nodes. A character whose bytes
cross tokens is given with the token that completes it; a step ends with the token that completes a stop
string, and that token's text is kept whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from tokenizers.decoders import DecodeStream

OPEN = "\ufffd"  # what bytes that are no whole character are decoded to
SEED_TOKENS = 6  # tokens of the context that decide how the first new token is written (a leading space)


class Spelling:
    """How a tokenizer's tokens are written; the text of each where that does not depend on its neighbours."""

    def __init__(self, tokenizer: Any):
        self.tokenizer = tokenizer
        self.fast: Any = (
            getattr(tokenizer, "_tokenizer", None) if getattr(tokenizer, "is_fast", False) else None
        )
        self.is_byte_level = self.fast is not None and type(self.fast.decoder).__name__ == "ByteLevel"
        self.whole: dict[int, str] = {}  # by token, its text where its bytes are whole characters

    def decode(self, ids: Sequence[int]) -> str:
        if self.fast is not None:
            return self.fast.decode(ids, skip_special_tokens=False)
        return self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)


_spellings: WeakKeyDictionary[Any, Spelling] = WeakKeyDictionary()


def spelling_of(tokenizer: Any) -> Spelling:
    """The spelling of a tokenizer, made once."""
    if tokenizer not in _spellings:
        _spellings[tokenizer] = Spelling(tokenizer)
    return _spellings[tokenizer]


class TextStream:
    """The text of one branch, token by token.

    Byte-level tokens are joined until their bytes are whole characters; other tokenizers, whose tokens are
    written by what stands before them, are decoded with a few tokens of context.
    """

    def __init__(self, tokenizer: Any, context: Sequence[int] = ()):
        self._spelling = spelling_of(tokenizer)
        self._tail: list[int] = []  # tokens whose characters are not complete yet
        if self._spelling.is_byte_level:
            return
        self._ids = list(context[-SEED_TOKENS:])
        self._stream = DecodeStream(skip_special_tokens=False)
        self._written = ""
        if self._spelling.fast is None:
            self._written = self._spelling.decode(self._ids)
        else:
            for token in self._ids:
                self._stream.step(self._spelling.fast, token)

    def push(self, token: int) -> str:
        """The text this token completes; "" while a character is still open."""
        spelling = self._spelling
        if spelling.is_byte_level:
            if not self._tail and token in spelling.whole:
                return spelling.whole[token]
            text = spelling.decode([*self._tail, token])
            if text.endswith(OPEN):
                self._tail.append(token)
                return ""
            if not self._tail:
                spelling.whole[token] = text
            self._tail.clear()
            return text
        if spelling.fast is not None:
            piece = self._stream.step(spelling.fast, token)
            if piece is None:
                self._tail.append(token)
                return ""
            self._tail.clear()
            return piece
        self._ids.append(token)
        text = spelling.decode(self._ids)
        if text.endswith(OPEN):
            return ""
        piece, self._written = text[len(self._written) :], text
        return piece

    def flush(self) -> str:
        """What stays open when the branch ends, with the mark for bytes that are no character."""
        if self._spelling.fast is None:
            return self._spelling.decode(self._ids)[len(self._written) :]
        return self._spelling.decode(self._tail) if self._tail else ""


@dataclass(slots=True)
class StepEnd:
    """Whether a step's text has reached its end: one of `ends`, after something that is not white space."""

    ends: tuple[str, ...]
    _tail: str = ""  # the last characters, enough to complete any end
    _has_begun: bool = False
    _keep: int = field(init=False)

    def __post_init__(self) -> None:
        self._keep = max((len(end) for end in self.ends), default=1) - 1

    def push(self, piece: str) -> bool:
        """Take the next piece of text; True when it completes an end."""
        text = self._tail + piece
        for end in self.ends:
            at = text.find(end, max(0, len(self._tail) - len(end) + 1))  # not one that was passed over before
            while at >= 0:
                if self._has_begun or text[:at].strip():
                    self._begin_again()
                    return True
                at = text.find(end, at + 1)
        self._has_begun = self._has_begun or bool(text.strip())
        self._tail = text[-self._keep :] if self._keep else ""
        return False

    def _begin_again(self) -> None:
        self._tail, self._has_begun = "", False
