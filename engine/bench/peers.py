"""The other side: what people use today for the same work, on the same weights and token ids.

Knows transformers' `generate`, its continuous batching, and the usual search loop: a step is generated for
every path from its text, and whole paths are scored again. Does not know Ponder's decoding.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig
from transformers.generation.configuration_utils import ContinuousBatchingConfig

from engine.backends.transcript import Transcript
from engine.runs import Run

PAGE, PACKED_TOKENS = 256, 512  # of continuous batching


@torch.inference_mode()
def generate(
    model: Any, ids: Sequence[int], count: int, tokens: int, temperature: float = 1.0
) -> list[list[int]]:
    """`count` continuations of one prompt by `generate(num_return_sequences=count)`."""
    batch = torch.tensor([list(ids)])
    warm: dict[str, Any] = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {}
    out = model.generate(
        batch, attention_mask=torch.ones_like(batch), num_return_sequences=count if temperature else 1,
        max_new_tokens=tokens, min_new_tokens=tokens, **warm,
    )  # fmt: skip
    return out[:, len(ids) :].tolist()


class ContinuousBatching:
    """transformers' continuous batching, on a copy of the model: it changes the model's attention."""

    def __init__(self, model: Any):
        logging.getLogger("transformers").setLevel(logging.ERROR)
        self._model = copy.deepcopy(model)
        self._model.set_attn_implementation("sdpa")

    def generate(self, ids: Sequence[int], count: int, tokens: int) -> None:
        """`count` continuations of one prompt, packed in the size that was the fastest of a few."""
        config = GenerationConfig(max_new_tokens=tokens, do_sample=True, temperature=1.0, eos_token_id=-1)
        pages = count * -(-(len(ids) + tokens) // PAGE) + 1
        batching = ContinuousBatchingConfig(page_size=PAGE, num_blocks=pages, max_batch_tokens=PACKED_TOKENS)
        done = self._model.generate_batch(
            [list(ids)] * count, generation_config=config, continuous_batching_config=batching
        )
        written = sum(len(output.generated_tokens) for output in done.values())
        if written != count * tokens:
            raise RuntimeError(f"Continuous batching wrote {written} of {count * tokens} tokens.")


@dataclass(frozen=True, slots=True)
class Wave:
    """One request of a strategy, as the usual loop would serve it: paths to continue, or paths to score."""

    kind: str  # "expand" or "score"
    paths: tuple[tuple[int, ...], ...]


@torch.inference_mode()
def usual_loop(model: Any, reward: Any, waves: Sequence[Wave], tokens: int) -> None:
    """Each wave as one call: `generate` from whole paths, or a forward of the reward over whole paths."""
    for wave in waves:
        longest = max(len(path) for path in wave.paths)
        # Decoder-only models are padded on the left to generate, and may be on the right to be scored.
        rows = [[0] * (longest - len(path)) + list(path) for path in wave.paths]
        mask = [[0] * (longest - len(path)) + [1] * len(path) for path in wave.paths]
        ids, attended = torch.tensor(rows), torch.tensor(mask)
        if wave.kind == "score":
            reward(input_ids=ids, attention_mask=attended, use_cache=False)
            continue
        model.generate(
            ids, attention_mask=attended, do_sample=True, temperature=1.0, top_k=0,
            max_new_tokens=tokens, min_new_tokens=tokens,
        )  # fmt: skip


def resubmission(model: Any, reward: Any, waves: Sequence[Wave], tokens: int) -> None:
    """The same, but every path in a call of its own, as a search without batching sends them."""
    for wave in waves:
        for path in wave.paths:
            usual_loop(model, reward, [Wave(wave.kind, (path,))], tokens)


def waves_of(run: Run, transcript: Transcript) -> list[Wave]:
    """What a finished run asked for, wave by wave, from its log."""
    waves: list[Wave] = []
    kinds = {"added": "expand", "scored": "score"}
    before = ""
    for event in run.tree.events:
        if event.kind in kinds and event.node:
            node = run.tree.nodes[event.node]
            path = transcript.before(node).ids if event.kind == "added" else transcript.path(node).ids
            if event.kind != before:
                waves.append(Wave(kinds[event.kind], ()))
            waves[-1] = Wave(waves[-1].kind, (*waves[-1].paths, path))
        before = event.kind
    return waves
