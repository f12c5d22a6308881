"""From nodes to token ids: what a model has read when it writes, or judges, a node.

Knows chat templates, prompts and the exact ids of generated nodes. Does not know tensors. Two rules:
a partial answer is continued by raw concatenation after the rendered generation prompt (templates rewrite
what they are given to continue), and a node's own text is never tokenised again while its ids are known.
Text that was forced into a node is prompt: it stands before the node's own tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary, ref

from engine import prompts
from engine.backends.protocol import Profile
from engine.decoding.stops import TextStream
from engine.tasks import is_program
from engine.tree import Node, Tree


@dataclass(frozen=True, slots=True)
class Context:
    """Token ids of a path, each with whether a node's generation wrote it (else it is prompt)."""

    ids: tuple[int, ...]
    is_written: tuple[bool, ...]

    def __add__(self, other: Context) -> Context:
        return Context(self.ids + other.ids, self.is_written + other.is_written)

    @property
    def first_prompt_tokens(self) -> int:
        """Tokens before anything was written: the run's prompt."""
        return self.is_written.index(True) if True in self.is_written else len(self.is_written)

    def unread_prompt_tokens(self, known: int) -> int:
        """Prompt tokens among those after the first `known`."""
        return self.is_written[known:].count(False)


@dataclass(slots=True)
class _Written:
    """What is remembered of one tree."""

    ids: dict[int, list[int]]  # by node
    prompts: dict[
        tuple[int, str, bool | None], tuple[Context, str]
    ]  # by (node asked after, instruction, thinking)


class Transcript:
    """The conversations of all trees of one model."""

    def __init__(self, tokenizer: Any, profile: Profile, end_ids: Sequence[int] = ()):
        self.tokenizer = tokenizer
        self.profile = profile
        self.end_ids = frozenset(end_ids)
        self._trees: WeakKeyDictionary[Tree, _Written] = WeakKeyDictionary()
        self._runs: dict[str, ref[Tree]] = {}

    def open(self, run_id: str, tree: Tree) -> None:
        """Say which run a tree belongs to, so that `forget` finds it."""
        if run_id not in self._runs:
            self._runs = {run: known for run, known in self._runs.items() if known() is not None}
            self._runs[run_id] = ref(tree)

    def tree(self, run_id: str) -> Tree | None:
        """The tree of a run that was opened, while it lives."""
        known = self._runs.get(run_id)
        return None if known is None else known()

    def run_id(self, tree: Tree) -> str:
        """The run a tree was opened for; "" for one that never was."""
        return next((run_id for run_id, known in self._runs.items() if known() is tree), "")

    def forget(self, run_id: str) -> None:
        """Drop what is remembered of the run; its nodes' ids are found again from their texts."""
        tree = self.tree(run_id)
        if tree is not None:
            self._trees.pop(tree, None)

    def writing(self, node: Node) -> list[int]:
        """The list that the node's tokens go into while they are generated."""
        return self._of(node).ids.setdefault(node.id, [])

    def own_ids(self, node: Node) -> list[int]:
        """The ids of the node's own tokens, its end token too; from its text where they are not known."""
        known = self._of(node).ids.get(node.id)
        if known is not None:
            return known
        ids = self.encode(node.text[len(node.forced) :])
        if node.is_final and self.end_ids:
            ids.append(self._main_end())
        return ids

    def pieces(self, node: Node) -> list[str]:
        """The text of each of the node's own tokens."""
        ids = self.own_ids(node)
        if len(node.pieces) == len(ids):
            return node.pieces
        text = TextStream(self.tokenizer, self.before(node).ids)
        return ["" if token in self.end_ids else text.push(token) for token in ids]

    def before(self, node: Node) -> Context:
        """What the model reads before the node's first own token."""
        opener = node.turn()[0]
        assert opener.parent is not None, "the question itself is never generated"
        return self.asked(opener.parent, opener.instruction, opener.thinking) + self._turn_before(node)

    def _turn_before(self, node: Node) -> Context:
        """The part of the node's turn that stands before its first own token."""
        turn = node.turn()
        context = self._forced(turn[0])
        for earlier, later in pairwise(turn):
            ids = self._continued(earlier, later.struck)
            context += Context(tuple(ids), (True,) * len(ids)) + self._forced(later)
        return context

    def path(self, node: Node) -> Context:
        """What the model has read and written up to the node's end."""
        node = _speaker(node)
        return self.before(node) + self._own(node)

    def _own(self, node: Node) -> Context:
        ids = self.own_ids(node)
        return Context(tuple(ids), (True,) * len(ids))

    def asked(self, node: Node, instruction: str, thinking: bool | None) -> Context:
        """The path to `node`, then a user turn with `instruction`, then the prompt for the assistant's turn.

        After the question itself the instruction is part of the same user turn.
        """
        return self._asked(node, instruction, thinking)[0]

    def _forced(self, node: Node) -> Context:
        ids = self.encode(node.forced)
        return Context(tuple(ids), (False,) * len(ids))

    def _continued(self, node: Node, struck: int) -> list[int]:
        """The node's own ids as a later node of the same turn reads them.

        A turn that goes on after its end goes on as if it had not ended, and without its last `struck`
        characters. A token that they only share is replaced by the rest of its text.
        """
        ids = list(self.own_ids(node))
        if ids and ids[-1] in self.end_ids:
            ids.pop()
        pieces = self.pieces(node)[: len(ids)]
        while struck > 0 and ids:
            ids.pop()
            piece = pieces.pop()
            ids += self.encode(piece[: max(0, len(piece) - struck)])
            struck -= len(piece)
        return ids

    def encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False)) if text else []

    def _of(self, node: Node) -> _Written:
        return self._trees.setdefault(node.tree, _Written({}, {}))

    def _main_end(self) -> int:
        eos = self.tokenizer.eos_token_id
        return eos if eos in self.end_ids else min(self.end_ids)

    def _asked(self, node: Node, instruction: str, thinking: bool | None) -> tuple[Context, str]:
        """The context and the text it was rendered from."""
        node = _speaker(node)
        remembered = self._of(node).prompts
        key = (node.id, instruction, thinking)
        if key not in remembered:
            remembered[key] = self._render(node, instruction, thinking)
        return remembered[key]

    def _render(self, node: Node, instruction: str, thinking: bool | None) -> tuple[Context, str]:
        text = render(self.tokenizer, self.profile, self._messages(node, instruction, thinking), thinking)
        if node.parent is None:
            ids = self.tokenizer.encode(text, add_special_tokens=not _has_template(self.tokenizer))
            return Context(tuple(ids), (False,) * len(ids)), text
        opener = self._opener(node)
        assert opener.parent is not None
        asked, before = self._asked(opener.parent, opener.instruction, opener.thinking)
        said = before + node.turn_text
        if not text.startswith(said):  # the template rewrites earlier turns, for example drops their thinking
            ids = self.encode(text)
            return Context(tuple(ids), (False,) * len(ids)), text
        # Else the exact ids stay, and only what follows them is tokenised.
        path, rest = asked + self._turn_before(node) + self._own(node), text[len(said) :]
        end = path.ids[-1] if path.ids and path.ids[-1] in self.end_ids else None
        if end is not None:
            rest = rest.removeprefix(self.tokenizer.decode([end], skip_special_tokens=False))
        ids = self.encode(rest)
        return path + Context(tuple(ids), (False,) * len(ids)), text

    def _opener(self, node: Node) -> Node:
        """Whose prompt the node's turn answers in the conversation after it: the turn's first node's, but the
        question's where an attempt is read without those before it.
        """
        opener = node.turn()[0]
        is_attempt = opener.kind != "critique"
        return opener if self.profile.rereads_attempts or not is_attempt else node.path()[1]

    def _messages(self, node: Node, instruction: str, thinking: bool | None) -> list[dict[str, str]]:
        """The conversation up to `node`, then the instruction as a user turn."""
        messages: list[dict[str, str]] = []
        if self.profile.system_prompt:
            messages.append({"role": "system", "content": self.profile.system_prompt})
        if node.parent is None:
            wants_program = is_program(node.tree.problem)
            question = prompts.question(node.text, self.profile, thinking, is_program=wants_program)
            asked = "\n\n".join(part for part in (question, instruction) if part)
            return [*messages, {"role": "user", "content": asked}]
        opener, turn = self._opener(node), node.turn()[0]
        assert opener.parent is not None and turn.parent is not None
        earlier = self._messages(opener.parent, opener.instruction, opener.thinking)
        _, prompt = self._asked(turn.parent, turn.instruction, turn.thinking)
        opened = _open_thinking(prompt, self.profile)
        return [
            *earlier,
            {"role": "assistant", "content": opened + node.turn_text},
            {"role": "user", "content": instruction},
        ]


def _speaker(node: Node) -> Node:
    """The node whose end the conversation has reached: what a check found below it is said by nobody."""
    while node.kind == "execution":
        assert node.parent is not None
        node = node.parent
    return node


def render(tokenizer: Any, profile: Profile, messages: list[dict[str, str]], thinking: bool | None) -> str:
    """The conversation as text, up to where the assistant begins to write."""
    if not _has_template(tokenizer):
        names = {"system": "", "user": "Question: ", "assistant": "Answer: "}
        return "".join(f"{names[m['role']]}{m['content'].strip()}\n\n" for m in messages) + "Answer:"
    extra = {} if thinking is None else {"enable_thinking": thinking}
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False, **extra)
    opened = _open_thinking(text, profile)
    if thinking is False and profile.think_close and profile.think_close not in opened:
        # The template cannot switch thinking off: an empty thought does.
        text += ("" if opened else f"{profile.think_open}\n") + f"\n{profile.think_close}\n\n"
    elif thinking is not False and not opened and profile.opens_thinking:
        text += f"{profile.think_open}\n"
    return text


def _open_thinking(prompt: str, profile: Profile) -> str:
    """The part of a rendered prompt's tail that opens (and perhaps closes at once) the thinking."""
    if not profile.think_open:
        return ""
    _, opened, tail = prompt.rpartition(profile.think_open)
    return opened + tail if opened and not tail.replace(profile.think_close, "").strip() else ""


def _has_template(tokenizer: Any) -> bool:
    return bool(getattr(tokenizer, "chat_template", None))


def end_ids(tokenizer: Any, model: Any) -> tuple[int, ...]:
    """Every id that ends an assistant's turn: the generation config's, the tokenizer's, the template's."""
    found: list[int] = []
    for source in (getattr(model, "generation_config", None), model.config, tokenizer):
        ids = getattr(source, "eos_token_id", None)
        found += ids if isinstance(ids, list | tuple) else [] if ids is None else [ids]
    if _has_template(tokenizer):
        found += _template_end(tokenizer)
    return tuple(dict.fromkeys(int(token) for token in found))


def _template_end(tokenizer: Any) -> list[int]:
    """The special token a chat template writes right after what the assistant said."""
    said = "7919"
    turns = [{"role": "user", "content": "1"}, {"role": "assistant", "content": said}]
    try:
        text = tokenizer.apply_chat_template(turns, tokenize=False)
    except Exception:  # noqa: BLE001 - a template that refuses this conversation tells nothing
        return []
    ids = tokenizer.encode(text.rpartition(said)[2], add_special_tokens=False)
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    return [ids[0]] if ids and ids[0] in special else []
