"""Text from a Hugging Face model in this process: every step is one forward for all rows of all runs.

Knows requests, rows, admission between runs, and when a branch ends. Does not know how keys and values are
kept or attended (engine.decoding), how conversations are rendered (engine.backends.transcript), or where a
model comes from (engine.models).
"""

from __future__ import annotations

import platform
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import transformers

from engine.backends.protocol import Chunk, EndReason, Generate, Profile
from engine.backends.transcript import Context, Transcript, end_ids
from engine.decoding import memory
from engine.decoding.choice import runner_for
from engine.decoding.packing import Read
from engine.decoding.runner import Row, TreeRunner
from engine.decoding.sampler import Draw, Drawn, sample
from engine.decoding.stops import StepEnd, TextStream
from engine.requests import STEP

MAX_ROWS = 256
MAX_PLAIN_ROWS = 16
KEY_VALUE_BYTES = 1 << 30
EXPECTED_ROW_TOKENS = 512  # for the number of rows that fit beside the tree
CONFIDENCE_WINDOW = 32  # tokens a branch's sliding confidence looks back over
NOT_NUMBERS = "The model's output was not a number, so this branch ends."
OUT_OF_MEMORY = "The device ran out of memory for this branch alone."
CONTEXT_FULL = "The model's context is full."


@dataclass(eq=False, slots=True)
class _Branch:
    """One admitted request."""

    request: Generate
    context: Context
    limit: int  # tokens it may generate
    text: TextStream
    step_end: StepEnd
    row: Row | None = None  # None until its path has been read
    made: int = 0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=CONFIDENCE_WINDOW))

    def draw(self) -> Draw:
        sampling, node = self.request.sampling, self.request.node
        return Draw(
            sampling.temperature, sampling.top_p, sampling.top_k, self.request.seed, node.id, self.made
        )


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
        self.forward_limit = self.max_rows  # rows in one forward; halved when the device is out of memory
        self._tokenizer = tokenizer
        self._model = model
        self._about = dict(about or {})
        self._context_tokens = context_tokens(model, tokenizer)
        self._waiting: OrderedDict[str, deque[Generate]] = OrderedDict()  # by run
        self._branches: dict[int, _Branch] = {}  # admitted, by request id

    # ---- the protocol ----------------------------------------------------------------------------------

    def add(self, request: Generate) -> None:
        self.transcript.open(request.run_id, request.node.tree)
        self._waiting.setdefault(request.run_id, deque()).append(request)

    def step(self) -> list[Chunk]:
        chunks = self._admit()
        branches = sorted(
            self._branches.values(), key=lambda branch: -1 if branch.row is None else branch.row.slot
        )
        starting = [branch for branch in branches if branch.row is None]
        decoding = branches[len(starting) :]
        if not branches:
            return chunks
        reads, prompt_tokens = self._reads(starting)
        rows = [branch.row for branch in decoding if branch.row is not None]
        try:
            logits, self.forward_limit = memory.forward(
                self.runner, rows, list(dict.fromkeys(reads)), self.forward_limit
            )
        except (RuntimeError, MemoryError) as error:
            if not memory.is_out_of_memory(error):
                raise
            return [*chunks, self._give_up(branches)]
        outputs = [logits] if rows else []
        outputs += [read.outputs for read in reads if read.outputs is not None]
        drawn = sample(
            torch.cat(outputs) if len(outputs) > 1 else outputs[0], [b.draw() for b in decoding + starting]
        )
        for branch, one in zip(decoding, drawn, strict=False):
            chunks.append(self._take(branch, one, None, 0))
        for branch, one, read, tokens in zip(
            starting, drawn[len(decoding) :], reads, prompt_tokens, strict=True
        ):
            chunks.append(self._take(branch, one, read, tokens))
        # In the order of asking: which slots the rows lie in depends on what else decodes.
        return sorted(chunks, key=lambda chunk: chunk.request_id)

    def cancel(self, request_id: int) -> None:
        branch = self._branches.pop(request_id, None)
        if branch is not None and branch.row is not None:
            self.runner.close(branch.row, keep=False)
        for run_id, waiting in list(self._waiting.items()):
            kept = deque(request for request in waiting if request.id != request_id)
            if kept:
                self._waiting[run_id] = kept
            else:
                del self._waiting[run_id]

    def release(self, run_id: str) -> None:
        ids = [request.id for request in self._waiting.get(run_id, ())]
        ids += [id for id, branch in self._branches.items() if branch.request.run_id == run_id]
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
            "context_tokens": self._context_tokens,
            "max_rows": self.max_rows,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            **self._about,
        }

    # ---- one step --------------------------------------------------------------------------------------

    def _admit(self) -> list[Chunk]:
        """Fill free rows, one of each run in turn. Returns the ends of requests without room to write."""
        chunks: list[Chunk] = []
        while self._waiting and len(self._branches) < self.max_rows:
            run_id, waiting = next(iter(self._waiting.items()))
            request = waiting.popleft()
            self._waiting.move_to_end(run_id)
            if not waiting:
                del self._waiting[run_id]
            context = self.transcript.before(request.node)
            limit = request.sampling.max_tokens or self.profile.max_new_tokens
            limit = min(limit, self._context_tokens - len(context.ids))
            if limit < 1:
                chunks.append(Chunk(request.id, end="length", reason=CONTEXT_FULL))
                continue
            text = TextStream(self._tokenizer, context.ids)
            branch = _Branch(request, context, limit, text, StepEnd(self.profile.step_ends))
            self._branches[request.id] = branch
        return chunks

    def _reads(self, starting: list[_Branch]) -> tuple[list[Read], list[int]]:
        """One reading for each branch, shared by those that start from the same path; its prompt tokens."""
        reads: dict[tuple[str, tuple[int, ...]], Read] = {}
        for_each: list[Read] = []
        prompt_tokens: list[int] = []
        for branch in starting:
            run_id, ids = branch.request.run_id, branch.context.ids
            is_first = (run_id, ids) not in reads
            read = reads.setdefault((run_id, ids), Read(run_id, ids))
            known = self.runner.match(run_id, ids).known
            for_each.append(read)
            prompt_tokens.append(branch.context.unread_prompt_tokens(known) if is_first else 0)
        return for_each, prompt_tokens

    def _take(self, branch: _Branch, drawn: Drawn, read: Read | None, prompt_tokens: int) -> Chunk:
        """Append a drawn token to its branch; ends the branch if it ends it."""
        request = branch.request
        if drawn.is_bad:
            self._end(branch, keep=False)
            return Chunk(request.id, prompt_tokens=prompt_tokens, end="aborted", reason=NOT_NUMBERS)
        self.transcript.write(request.node, drawn.token)
        branch.made += 1
        branch.recent.append(drawn.confidence)
        if branch.row is not None:
            branch.row.ids.append(drawn.token)
        is_turn_end = drawn.token in self.transcript.end_ids
        piece = "" if is_turn_end else branch.text.push(drawn.token)
        is_step_end = branch.step_end.push(piece) and request.stop == STEP
        end: EndReason | None = None
        reason = ""
        if is_turn_end:
            end = "end"
        elif is_step_end:
            end = "stop"
        elif self._is_unsure(branch):
            end, reason = "aborted", "Its confidence fell below the threshold."
        elif branch.made >= branch.limit:
            end = "length"
            reason = CONTEXT_FULL if branch.limit < (request.sampling.max_tokens or branch.limit + 1) else ""
        elif read is not None and not self._open(branch, read, drawn.token):
            end, reason = "aborted", OUT_OF_MEMORY
        if end is not None:
            piece += branch.text.flush()
            self._end(branch, keep=end != "aborted")
        return Chunk(
            request.id, (piece,), (drawn.logprob,), (drawn.confidence,), prompt_tokens, 0, end, reason
        )

    def _is_unsure(self, branch: _Branch) -> bool:
        """Whether the mean confidence of the last tokens has fallen below what the request asks."""
        floor, recent = branch.request.abort_below, branch.recent
        return floor is not None and len(recent) == CONFIDENCE_WINDOW and sum(recent) / len(recent) < floor

    def _open(self, branch: _Branch, read: Read, token: int) -> bool:
        """Give the branch a row of its own; False when there is no memory for it."""
        for _ in range(2):
            try:
                branch.row = self.runner.open(read, token)
                return True
            except (RuntimeError, MemoryError) as error:
                if not memory.is_out_of_memory(error):
                    raise
                # Fewer rows from now on; the ones that decode go on.
                self.max_rows = max(1, min(self.max_rows, len(self._branches)) // 2)
                memory.free(self.runner)
        return False

    def _end(self, branch: _Branch, *, keep: bool) -> None:
        del self._branches[branch.request.id]
        if branch.row is not None:
            self.runner.close(branch.row, keep=keep)

    def _give_up(self, branches: list[_Branch]) -> Chunk:
        """One row alone was too much: end the longest, so that the others can go on."""
        longest = max(branches, key=lambda branch: len(branch.context.ids) + branch.made)
        self._end(longest, keep=False)
        return Chunk(longest.request.id, end="aborted", reason=OUT_OF_MEMORY)

    def _default_rows(self, key_value_bytes: int) -> int:
        if not isinstance(self.runner, TreeRunner):
            return MAX_PLAIN_ROWS
        row_bytes = self.runner.bytes_per_token * EXPECTED_ROW_TOKENS
        return max(1, min(MAX_ROWS, key_value_bytes // row_bytes))


def context_tokens(model: Any, tokenizer: Any) -> int:
    """How many tokens, prompt included, the model can hold; 4,096 where it does not say."""
    config = model.config.get_text_config()
    said = [getattr(config, "max_position_embeddings", None), getattr(tokenizer, "model_max_length", None)]
    # Tokenizers without a limit say so with an absurdly large one.
    known = [int(limit) for limit in said if limit and limit < 1 << 24]
    return min(known) if known else 4096
