"""Text as it comes from tokens, and where a step ends in it."""

from __future__ import annotations

import pytest

from engine.decoding.stops import StepEnd, TextStream
from tests.engine import tiny_models


def pushed(ends: tuple[str, ...], pieces: list[str]) -> list[int]:
    """The indices of the pieces that end a step."""
    step = StepEnd(ends)
    return [i for i, piece in enumerate(pieces) if step.push(piece)]


@pytest.mark.parametrize(
    ("ends", "pieces", "expected"),
    [
        (("\n",), ["1 + 1", " = 2", "\n"], [2]),
        (("\n\n",), ["So", ".\n", "\n", "Now", ".", "\n\n"], [2, 5]),
        (("\n\n",), ["So", ".\n\nNow", " then"], [1]),  # the token's text is kept whole
        (("\n\n",), ["\n\n", "Well", "\n", "so", "\n\n"], [4]),  # white space alone is no step
        (("STOP",), ["go S", "T", "", "O", "P!"], [4]),
        (("ab", "xyz"), ["1x", "y", "z1", "a", "b"], [2, 4]),
        (("###", "\n"), ["\na", "b"], []),
    ],
)
def test_a_step_ends_with_the_token_that_completes_a_stop_string(
    ends: tuple[str, ...], pieces: list[str], expected: list[int]
):
    assert pushed(ends, pieces) == expected


def test_characters_are_never_split_and_nothing_is_lost():
    tokenizer = tiny_models.tokenizer()
    text = "Compute 漢字 é 🙂 ü — ok\n"
    ids = tokenizer.encode(text, add_special_tokens=False)
    stream = TextStream(tokenizer, tokenizer.encode("before", add_special_tokens=False))
    pieces = [stream.push(token) for token in ids]
    assert "" in pieces  # some tokens are only part of a character
    assert not any("\ufffd" in piece for piece in pieces)
    assert "".join(pieces) + stream.flush() == text


def test_what_is_left_open_is_flushed_as_no_character():
    tokenizer = tiny_models.tokenizer()
    stream = TextStream(tokenizer)
    ids = tokenizer.encode("🙂", add_special_tokens=False)
    assert "".join(stream.push(token) for token in ids[:-1]) == ""
    assert stream.flush().strip("\ufffd") == ""
    assert stream.flush()
