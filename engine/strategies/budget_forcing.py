"""Make one chain think longer, or stop it."""

from __future__ import annotations

from typing import Annotated

from engine.prompts import WAITS
from engine.requests import THOUGHT, TURN, Expand, Sampling, Search
from engine.strategies.parameters import Choice, Param, Temperature
from engine.tree import Node


def budget_forcing(
    root: Node,
    waits: Annotated[int, Param(0, 6, "How often the end of the thinking is taken back.")] = 1,
    wait_text: Annotated[
        str, Choice(WAITS, "What is put in its place; the bundled models know Wait.")
    ] = "Wait",
    max_thinking_tokens: Annotated[
        int, Param(1, 32768, "Tokens of thinking after which it is closed and the answer asked for.")
    ] = 512,
    temperature: Temperature = 0.0,
) -> Search:
    """Where the model would stop thinking, put in "Wait" and let it go on; when it is too long, close it.

    The end of the thinking is struck, so that the model reads its own thought and then "Wait". A model
    without thinking is taken back at the end of its turn. Source: s1, Muennighoff et al. 2025 (arXiv
    2501.19393, section 3.1). There the wait is also put in where thinking was cut at its limit; we count the
    tokens of all thoughts together, and close for good once they are used up.
    """
    thought, used, waited = root, 0, 0
    for _ in range(waits + 1):
        sampling = Sampling(temperature=temperature, max_tokens=max_thinking_tokens - used)
        forced = "" if thought is root else wait_text
        (more,) = yield Expand([thought], stop=THOUGHT, sampling=sampling, thinking=True, forced=forced)
        waited += thought is not root
        thought, used = more, used + more.tokens
        if used >= max_thinking_tokens:
            break
        thought.keep(f"The model would end its thinking here, after {used:,} tokens.")
    if thought.is_final and thought.answer is not None:
        answer = thought
    else:
        # A thought that closed itself goes on to its answer; one that was cut, or ended its turn, is closed.
        forced = "close_thinking" if used >= max_thinking_tokens or thought.is_final else ""
        (answer,) = yield Expand(
            [thought], stop=TURN, kind="answer", sampling=Sampling(temperature=temperature), forced=forced
        )
    if answer.is_final:
        times = f"{waited} wait{'' if waited == 1 else 's'}"
        closed = ", then its thinking was closed" if used >= max_thinking_tokens else ""
        answer.keep(f"The answer after {used:,} tokens of thinking and {times}{closed}.")
    return answer
