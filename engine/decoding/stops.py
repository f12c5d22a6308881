"""From tokens to text as they come, and when a step has ended.

Knows one tokenizer and the strings that end a step. Does not know models or nodes. A character whose bytes
cross tokens is given with the token that completes it; a step ends with the token that completes a stop
string, and that token's text is kept whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tokenizers.decoders import DecodeStream

SEED_TOKENS = 6  # tokens of the context that decide how the first new token is written (a leading space)


class TextStream:
    """The text of one branch, token by token."""

    def __init__(self, tokenizer: Any, context: Sequence[int] = ()):
        self._tokenizer = tokenizer
        self._ids = list(context[-SEED_TOKENS:])
        self._fast = getattr(tokenizer, "_tokenizer", None) if getattr(tokenizer, "is_fast", False) else None
        self._written = ""
        if self._fast is not None:
            self._stream = DecodeStream(skip_special_tokens=False)
            for token in self._ids:
                self._stream.step(self._fast, token)
            self._tail: list[int] = []  # tokens whose characters are not complete yet
        else:
            self._written = self._decode()

    def push(self, token: int) -> str:
        """The text this token completes; "" while a character is still open."""
        if self._fast is None:
            self._ids.append(token)
            text = self._decode()
            if text.endswith("\ufffd"):
                return ""
            piece, self._written = text[len(self._written) :], text
            return piece
        piece = self._stream.step(self._fast, token)
        if piece is None:
            self._tail.append(token)
            return ""
        self._tail.clear()
        return piece

    def flush(self) -> str:
        """What stays open when the branch ends, with the mark for bytes that are no character."""
        if self._fast is None:
            return self._decode()[len(self._written) :]
        return self._fast.decode(self._tail, skip_special_tokens=False) if self._tail else ""

    def _decode(self) -> str:
        return self._tokenizer.decode(
            self._ids, skip_special_tokens=False, clean_up_tokenization_spaces=False
        )


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
