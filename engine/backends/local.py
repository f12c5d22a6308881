"""Text from a Hugging Face model in this process: every step is one forward for all rows of all runs.

Knows requests, admission between runs, and when a branch ends. Does not know how keys and values are kept
or attended (engine.decoding), how conversations are rendered (engine.backends.transcript), or where a model
comes from (engine.models).
"""

from __future__ import annotations

import platform
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import transformers

from engine.backends.branches import Branch, parted
from engine.backends.protocol import Chunk, Generate, Profile
from engine.backends.transcript import Context, Transcript, end_ids
from engine.backends.waiting import Waiting
from engine.decoding import memory
from engine.decoding.choice import runner_for
from engine.decoding.packing import Read
from engine.decoding.rows import Row
from engine.decoding.runner import TreeRunner
from engine.decoding.sampler import Drawn
from engine.decoding.stops import StepEnd, TextStream
from engine.requests import THOUGHT, TURN, Stop

MAX_ROWS = 256
MAX_PLAIN_ROWS = 16
KEY_VALUE_BYTES = 1 << 30
EXPECTED_ROW_TOKENS = 512  # for the number of rows that fit beside the tree
TELL_SECONDS = 0.03  # how long tokens may wait to be told together
NOT_NUMBERS = "The model's output was not a number, so this branch ends."
OUT_OF_MEMORY = "The device ran out of memory for this branch alone."
CONTEXT_FULL = "The model's context is full."


class LocalBackend:
    """The backend protocol over a loaded causal language model and its tokenizer.

    `max_rows` and `key_value_bytes` bound what decodes at once and what is kept for later branches; `about`
    is added to `describe`. The tree's attention replaces the model's own where the model allows it.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        profile: Profile,
        name: str,
        *,
        max_rows: int | None = None,
        key_value_bytes: int = KEY_VALUE_BYTES,
        about: Mapping[str, object] | None = None,
    ) -> None:
        self.name = name
        self.profile = profile
        self.parameters = int(model.num_parameters())
        self.transcript = Transcript(tokenizer, profile, end_ids(tokenizer, model))
        self.runner, self.why_plain = runner_for(model, key_value_bytes)
        self.max_rows = max_rows or self._default_rows(key_value_bytes)
        self._tokenizer = tokenizer
        self._model = model
        self._about = dict(about or {})
        self.context_tokens = context_tokens(model, tokenizer)
        self._waiting = Waiting()
        self._paused: deque[Branch] = deque()  # lost their rows to a lack of memory
        self._branches: dict[int, Branch] = {}  # admitted, by request id
        self._of_row: dict[Row, list[Branch]] = {}
        self._is_arranged = False  # until the branches or rows change
        self._sampler: Any = None
        self._rows: list[Row] = []  # as they were arranged
        self._order: list[Branch] = []  # of the sampler
        self._appends: list[
            tuple[Callable[[int], None], Callable[[float], None], Callable[[float], None]]
        ] = []
        self._watched: list[Branch] = []  # those that may be aborted in mid-generation
        self._next: torch.Tensor | None = None  # each row's next token, where no row has changed
        self._until_limit = 0  # steps until some branch reaches its limit
        self._notable: dict[int, bool] = {}  # by token, whether it can end a turn or a step
        self._told_at = 0.0

    # ---- the protocol ----------------------------------------------------------------------------------

    def add(self, request: Generate) -> None:
        self.transcript.open(request.run_id, request.node.tree)
        self._waiting.add(request)

    def step(self) -> list[Chunk]:
        chunks = self._admit()
        if not self._of_row:
            return chunks
        rows = self.runner.rows
        if not self._is_arranged or rows != self._rows:
            self._arrange(rows)
        try:
            logits = self.runner.decode(self._fed())
        except (RuntimeError, MemoryError) as error:
            if not memory.is_out_of_memory(error):
                raise
            return chunks + self._make_room()
        drawn = self._sampler.sample(logits)
        chunks += self._write(drawn)
        if time.perf_counter() - self._told_at > TELL_SECONDS:
            chunks += self._tell()
        self.runner.trim()
        # In the order of asking: how rows are arranged depends on what else decodes.
        return sorted(chunks, key=lambda chunk: chunk.request_id)

    def cancel(self, request_id: int) -> Chunk | None:
        branch = next((branch for branch in self._going() if branch.request.id == request_id), None)
        if branch is not None:
            untold = branch.chunk(self.transcript.end_ids) if branch.is_untold else None
            self._end(branch, keep=False)
            return untold
        self._waiting.drop(request_id)
        return None

    def release(self, run_id: str) -> None:
        ids = self._waiting.of(run_id)
        ids += [branch.request.id for branch in self._going() if branch.request.run_id == run_id]
        for request_id in ids:
            self.cancel(request_id)
        self.runner.release(run_id)
        self.transcript.forget(run_id)

    def describe(self) -> dict[str, object]:
        device = self._model.device
        return {
            "backend": "local",
            "device": device.type,
            "device_name": torch.cuda.get_device_name(device)
            if device.type == "cuda"
            else platform.machine(),
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "decoding": f"{self.runner.name}, because {self.why_plain}"
            if self.why_plain
            else self.runner.name,
            "parameters": self.parameters,
            "profile": self.profile.name,
            "context_tokens": self.context_tokens,
            "max_rows": self.max_rows,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            **self._about,
        }

    # ---- admission -------------------------------------------------------------------------------------

    def _admit(self) -> list[Chunk]:
        """Fill free rows, one of each run in turn. Returns the ends of requests without room to write."""
        chunks: list[Chunk] = []
        contexts: dict[tuple[object, ...], Context] = {}
        starting: dict[tuple[str, tuple[int, ...]], list[Branch]] = {}
        again: list[list[Branch]] = []
        while self._paused and len(self._branches) < self.max_rows:
            branch = self._paused.popleft()
            self._branches[branch.request.id] = branch
            again.append([branch])
        while self._waiting and len(self._branches) < self.max_rows:
            request = self._waiting.take()
            run_id = request.run_id
            node = request.node
            parent = node.parent.id if node.parent else -1
            key = (run_id, parent, node.instruction, node.thinking, node.forced, node.struck)
            if key not in contexts:
                contexts[key] = self.transcript.before(node)
            context = contexts[key]
            limit = request.sampling.max_tokens or self.profile.max_new_tokens
            limit = min(limit, self.context_tokens - len(context.ids))
            if limit < 1:
                chunks.append(Chunk(request.id, end="length", reason=CONTEXT_FULL))
                continue
            text = TextStream(self._tokenizer, context.ids)
            end, made = stop_of(request.stop, self.profile), self.transcript.writing(node)
            branch = Branch(request, context, limit, text, end, made=made)
            self._branches[request.id] = branch
            starting.setdefault((run_id, context.ids), []).append(branch)
        return chunks + self._open([*again, *starting.values()])

    def _open(self, starting: Sequence[list[Branch]]) -> list[Chunk]:
        """Read what the new branches continue, and give those that continue the same a row together."""
        if not starting:
            return []
        chunks: list[Chunk] = []
        reads: list[Read] = []
        for siblings in starting:
            first = siblings[0]
            ids, run_id = first.ids, first.request.run_id
            first.prompt_tokens += first.context.unread_prompt_tokens(self.runner.match(run_id, ids).known)
            if len(ids) > 1:
                reads.append(Read(run_id, ids[:-1], wanted=(), shared=first.context.first_prompt_tokens))
        try:
            memory.read(self.runner, reads)
            for siblings in starting:
                first = siblings[0]
                shared = first.context.first_prompt_tokens
                row = self.runner.open(first.request.run_id, first.ids, shared)
                self._of_row[row] = siblings
                for branch in siblings:
                    branch.row = row
        except (RuntimeError, MemoryError) as error:
            if not memory.is_out_of_memory(error):
                raise
            chunks = self._make_room()
        self._is_arranged = False
        return chunks

    # ---- one step --------------------------------------------------------------------------------------

    def _arrange(self, rows: list[Row]) -> None:
        """Who draws from which row, after either has changed."""
        self._rows, self._order, draws = rows, [], []
        for i, row in enumerate(rows):
            for branch in self._of_row[row]:
                self._order.append(branch)
                draws.append(branch.draw(i))
        self._sampler, self._is_arranged = self.runner.sampler(draws), True
        self._appends = [(b.made.append, b.logprobs.append, b.confidences.append) for b in self._order]
        self._watched = [branch for branch in self._order if branch.request.abort_below is not None]
        self._until_limit = min(branch.limit - len(branch.made) for branch in self._order)
        self._next = None

    def _fed(self) -> torch.Tensor:
        """Each row's next token: the last of its path."""
        if self._next is not None:
            return self._next
        firsts = [self._of_row[row][0] for row in self._rows]
        last = [branch.made[-1] if branch.made else branch.context.ids[-1] for branch in firsts]
        return torch.tensor(last, device=self._model.device)

    def _write(self, drawn: Drawn) -> list[Chunk]:
        """Append what was drawn; ends the branches that it ends, and parts siblings that drew differently."""
        for (token_to, logprob_to, confidence_to), token, logprob, confidence in zip(
            self._appends, drawn.tokens, drawn.logprobs, drawn.confidences, strict=True
        ):
            token_to(token)
            logprob_to(logprob)
            confidence_to(confidence)
        self._until_limit -= 1
        if self._until_limit <= 0:
            check = self._order
        else:
            notable = self._notable
            check = [self._order[i] for i, token in enumerate(drawn.tokens) if notable.get(token, True)]
            check += [branch for branch in self._watched if branch not in check]
        chunks: list[Chunk] = []
        for i in drawn.bad:
            branch = self._order[i]
            self._unwrite(branch)
            chunks.append(branch.chunk(self.transcript.end_ids, "aborted", NOT_NUMBERS))
            self._end(branch, keep=False)
        going = [branch for branch in check if branch.request.id in self._branches]
        chunks += [chunk for branch in going if (chunk := self._checked(branch)) is not None]
        are_apart = all(len(siblings) == 1 for siblings in self._of_row.values())
        if not are_apart:
            self._part()
        self._next = drawn.chosen if self._is_arranged and are_apart else None
        return chunks

    def _checked(self, branch: Branch) -> Chunk | None:
        """The end of a branch whose last token may end it, None where it goes on."""
        request, token = branch.request, branch.made[-1]
        if token in self.transcript.end_ids:
            return self._ended(branch, branch.chunk(self.transcript.end_ids, "end"))
        if self._is_notable(token) and request.stop != TURN and branch.spell(self.transcript.end_ids):
            return self._ended(branch, branch.chunk(self.transcript.end_ids, "stop"))
        if doubt := branch.doubt():
            chunk = branch.chunk(self.transcript.end_ids, "aborted", doubt)
            self._end(branch, keep=False)
            return chunk
        if len(branch.made) >= branch.limit:
            is_full = branch.limit < (request.sampling.max_tokens or branch.limit + 1)
            chunk = branch.chunk(self.transcript.end_ids, "length", CONTEXT_FULL if is_full else "")
            return self._ended(branch, chunk)
        return None

    def _is_notable(self, token: int) -> bool:
        """Whether a token can end a turn, or its text the last character of a step's end."""
        if token not in self._notable:
            text = self._tokenizer.decode([token], skip_special_tokens=False)
            ends = (*self.profile.step_ends, self.profile.think_close)
            last = {end[-1] for end in ends if end}
            self._notable[token] = token in self.transcript.end_ids or any(letter in text for letter in last)
        return self._notable[token]

    def _part(self) -> None:
        """Give siblings that drew different tokens rows of their own."""
        for row, siblings in list(self._of_row.items()):
            if len(siblings) == 1:
                continue
            groups = parted(siblings, [branch.made[-1] for branch in siblings])
            if len(groups) == 1:
                continue
            self._is_arranged = False
            try:
                twins = self.runner.fork(row, len(groups) - 1)
            except (RuntimeError, MemoryError) as error:
                if not memory.is_out_of_memory(error):
                    raise
                self._pause([branch for group in groups[1:] for branch in group])
                continue
            for twin, group in zip([row, *twins], groups, strict=True):
                self._of_row[twin] = group
                for branch in group:
                    branch.row = twin

    def _tell(self) -> list[Chunk]:
        """What the branches that go on have written since they were last told of."""
        self._told_at = time.perf_counter()
        return [b.chunk(self.transcript.end_ids) for b in self._branches.values() if b.is_untold]

    # ---- ends ------------------------------------------------------------------------------------------

    def _ended(self, branch: Branch, chunk: Chunk) -> Chunk:
        self._end(branch, keep=True)
        return chunk

    def _end(self, branch: Branch, *, keep: bool) -> None:
        """Forget a branch; its row ends with the last branch that uses it."""
        self._branches.pop(branch.request.id, None)
        self._leave(branch, keep=keep)
        if branch in self._paused:
            self._paused.remove(branch)

    def _going(self) -> list[Branch]:
        """Branches that were begun, those too that wait for memory."""
        return [*self._branches.values(), *self._paused]

    def _leave(self, branch: Branch, *, keep: bool) -> None:
        if branch.row is None:
            return
        self._is_arranged = False
        siblings = self._of_row[branch.row]
        siblings.remove(branch)
        if not siblings:
            del self._of_row[branch.row]
            self.runner.close(branch.row, branch.ids if keep else None)
        branch.row = None

    def _unwrite(self, branch: Branch) -> None:
        """Take back a last token that means nothing."""
        branch.made.pop()
        branch.logprobs.pop()
        branch.confidences.pop()

    # ---- memory ----------------------------------------------------------------------------------------

    def _make_room(self) -> list[Chunk]:
        """The device is out of memory: decode half as many branches from now on; the others wait their turn.

        One branch alone that is too much ends.
        """
        memory.free(self.runner)
        branches = list(self._branches.values())
        if len(branches) > 1:
            self.max_rows = max(1, min(self.max_rows, len(branches)) // 2)
            self._pause(branches[self.max_rows :])
            self._pause([branch for branch in branches[: self.max_rows] if branch.row is None])
            return []
        (branch,) = branches
        chunk = branch.chunk(self.transcript.end_ids, "aborted", OUT_OF_MEMORY)
        self._end(branch, keep=False)
        return [chunk]

    def _pause(self, branches: Sequence[Branch]) -> None:
        """Take branches off the device; they go on where they are, once there is room."""
        for branch in branches:
            self._branches.pop(branch.request.id, None)
            self._leave(branch, keep=False)
            self._paused.append(branch)
        self._is_arranged = False

    def _default_rows(self, key_value_bytes: int) -> int:
        if not isinstance(self.runner, TreeRunner):
            return MAX_PLAIN_ROWS
        row_bytes = self.runner.bytes_per_token * EXPECTED_ROW_TOKENS
        return max(1, min(MAX_ROWS, key_value_bytes // row_bytes))


def stop_of(stop: Stop, profile: Profile) -> StepEnd:
    """What ends a branch short of its turn: the end of a step, or of the thinking, wherever that stands."""
    if stop == THOUGHT:
        return StepEnd((profile.think_close,) if profile.think_close else (), _has_begun=True)
    return StepEnd(profile.step_ends)


def context_tokens(model: Any, tokenizer: Any) -> int:
    """How many tokens, prompt included, the model can hold; 4,096 where it does not say."""
    config = model.config.get_text_config()
    said = [getattr(config, "max_position_embeddings", None), getattr(tokenizer, "model_max_length", None)]
    # Tokenizers without a limit say so with an absurdly large one.
    known = [int(limit) for limit in said if limit and limit < 1 << 24]
    return min(known) if known else 4096
