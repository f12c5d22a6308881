"""How public reward models want a question and its solution written, and where their scores are read.

Knows the exact formats of each family, as their authors use them. Does not know tensors, nodes or where
models come from. A layout writes token ids with the reward's own tokenizer and says at which positions the
steps are judged; a separator that stands in the texts themselves is taken out first, so that nobody can place
a position but the layout. Every layout checks at load that its marks are tokens of the tokenizer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine import prompts
from engine.errors import ScorerUnavailable

STEP_TAG = "ки"  # Math-Shepherd's mark after each step
QWEN_TAG = "<extra_0>"
TRL_SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class Written:
    """Token ids, and the position at which each step is judged, in order."""

    ids: tuple[int, ...]
    positions: tuple[int, ...]


Layout = Callable[[str, Sequence[str]], Written]
"""(question, steps) -> what is read. There is at least one step, and none is blank."""


def qwen(tokenizer: Any) -> Layout:
    """Steps in the assistant's turn, joined and ended by <extra_0>; each judged at its <extra_0>.

    Source: model card of Qwen2.5-Math-PRM-7B.
    """
    tag = _one_token(tokenizer, QWEN_TAG)

    def write(question: str, steps: Sequence[str]) -> Written:
        said = "".join(f"{step.replace(QWEN_TAG, '')}{QWEN_TAG}" for step in steps)
        messages = [
            {"role": "system", "content": prompts.BOXED},
            {"role": "user", "content": question.replace(QWEN_TAG, "")},
            {"role": "assistant", "content": said},
        ]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
        ids = _encode(tokenizer, text)
        return Written(ids, tuple(at for at, token in enumerate(ids) if token == tag))

    return write


def skywork(tokenizer: Any) -> Layout:
    """No template: the question and each step end with a newline; each step is judged at its newline.

    Source: the authors' inference code of Skywork-o1-Open-PRM. There every line is a step of its own; here a
    step may have several lines and is judged at its last.
    """
    newline = _encode(tokenizer, "\n")[-1]

    def write(question: str, steps: Sequence[str]) -> Written:
        ids = [*_encode(tokenizer, f"{tokenizer.bos_token or ''}{question}\n")]
        positions = []
        for step in steps:
            ids += [*_encode(tokenizer, step), newline]
            positions.append(len(ids) - 1)
        return Written(tuple(ids), tuple(positions))

    return write


def rlhflow(tokenizer: Any) -> Layout:
    """A conversation: the user says a step (the first with the question), the assistant says "+".

    A step is judged where the assistant is about to speak: the likelihood of "+" against "-". Source: the
    authors' code (RLHFlow, math-rm); one reading serves all steps, since later turns are not seen by earlier.
    """

    def write(question: str, steps: Sequence[str]) -> Written:
        messages: list[dict[str, str]] = []
        before: list[tuple[int, ...]] = []
        for step in steps:
            said = f"{question} {step}" if not messages else step
            messages.append({"role": "user", "content": said})
            asked = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            before.append(_encode(tokenizer, asked))
            messages.append({"role": "assistant", "content": "+"})
        ids = before[-1]
        if any(ids[: len(one)] != one for one in before):
            raise ScorerUnavailable(
                "This reward's chat template rewrites earlier turns, so no step has a place."
            )
        return Written(ids, tuple(len(one) - 1 for one in before))

    return write


def shepherd(tokenizer: Any) -> Layout:
    """The question, then each step ended by " ки"; a step is judged at its ки. Source: model card."""
    tag = _encode(tokenizer, STEP_TAG)[-1]

    def write(question: str, steps: Sequence[str]) -> Written:
        said = "\n".join(f"{step.replace(STEP_TAG, '')} {STEP_TAG}" for step in steps)
        ids = tuple(tokenizer.encode(f"{question.replace(STEP_TAG, '')} {said}"))
        return Written(ids, tuple(at for at, token in enumerate(ids) if token == tag))

    return write


def trl(tokenizer: Any) -> Layout:
    """The prompt's ids, then each step's and the separator's, tokenised apart; judged where that ends.

    Source: TRL's PRMTrainer (`tokenize_row`), separator "\\n\\n" as in its published models.
    """
    separator = _encode(tokenizer, TRL_SEPARATOR)

    def write(question: str, steps: Sequence[str]) -> Written:
        bos = () if tokenizer.bos_token_id is None else (tokenizer.bos_token_id,)
        ids = [*bos, *_encode(tokenizer, question)]
        positions = []
        for step in steps:
            ids += [*_encode(tokenizer, step), *separator]
            positions.append(len(ids) - 1)
        return Written(tuple(ids), tuple(positions))

    return write


def outcome(tokenizer: Any, pad_token_id: int | None) -> Layout:
    """The whole conversation in the reward's chat template; judged at the last token that is no padding.

    That is where sequence classifiers pool: where the end token is also the padding, the token before it.
    Source: model card of Skywork-Reward-V2; pooling as in transformers.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise ScorerUnavailable("This outcome reward has no chat template, so nothing can be shown to it.")

    def write(question: str, steps: Sequence[str]) -> Written:
        messages = [
            {"role": "user", "content": question},
            {"role": "assistant", "content": "".join(steps)},
        ]
        text = tokenizer.apply_chat_template(messages, tokenize=False)
        bos = tokenizer.bos_token
        ids = tokenizer.encode(text.removeprefix(bos) if bos else text)  # encoding adds it again
        last = max((at for at, token in enumerate(ids) if token != pad_token_id), default=len(ids) - 1)
        return Written(tuple(ids), (last,))

    return write


def _encode(tokenizer: Any, text: str) -> tuple[int, ...]:
    return tuple(tokenizer.encode(text, add_special_tokens=False)) if text else ()


def _one_token(tokenizer: Any, text: str) -> int:
    ids = _encode(tokenizer, text)
    if len(ids) != 1:
        raise ScorerUnavailable(f"This reward's tokenizer does not know the mark {text}.")
    return ids[0]
