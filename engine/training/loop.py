"""The training loop: bf16 compute where it is fast, fp32 masters, Muon for matrices, checkpoints, a curve.

Knows models, batches and a loss; does not know what is taught. A resumed run continues with the same
batches, optimiser state and schedule as one that was never stopped.
"""

from __future__ import annotations

import copy
import csv
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from engine.training import checkpoint
from engine.training.attention import use_in
from engine.training.batches import IGNORED, Batch, Step

log = logging.getLogger(__name__)

MATRIX_RATE = 0.02  # Muon
OTHER_RATE = 3e-3  # AdamW: embeddings, norms, heads
FUSED_FROM_TOKENS = 2_000_000  # compiling takes a minute, and then saves a third of the time


@dataclass(frozen=True, slots=True)
class Schedule:
    """Learning rates over a run: warm-up, constant, then linear decay to zero.

    The run lasts `tokens` tokens, or `minutes` from the schedule's making where those are over first.
    """

    tokens: int
    minutes: float | None = None
    matrix_rate: float = MATRIX_RATE
    other_rate: float = OTHER_RATE
    warmup_steps: int = 60
    decay_share: float = 0.8
    started: float = field(default_factory=time.monotonic)

    def done(self, seen: int) -> float:
        """The share of the run that is over, from 0."""
        elapsed = 0.0 if self.minutes is None else (time.monotonic() - self.started) / (60 * self.minutes)
        return max(seen / self.tokens, elapsed)

    def factor(self, step: int, done: float) -> float:
        """What the rates are multiplied by."""
        warm = min(1.0, (step + 1) / self.warmup_steps)
        return warm * min(1.0, max(0.0, 1 - done) / self.decay_share)


def train(
    model: PreTrainedModel,
    stream: Callable[[int], Iterator[tuple[int, Step]]],
    loss_of: Callable[[PreTrainedModel, Batch], torch.Tensor],
    schedule: Schedule,
    folder: Path,
    *,
    until: float = 1.0,
    rate_of: Callable[[str], float] = lambda name: 1.0,
    still: Mapping[str, torch.Tensor] | None = None,
    is_resumed: bool = False,
    checkpoint_seconds: float = 240,
    on_checkpoint: Callable[[PreTrainedModel, int], dict[str, float]] | None = None,
) -> PreTrainedModel:
    """Train `model` (fp32 masters) until the share `until` of the schedule is done.

    `stream(pool)` gives steps from that pool on; the gradient of a step is that of the mean loss over all
    that is learned in it. `still` gives, by a parameter's name, a mask that broadcasts to it: what it marks
    stays as it is. Every `checkpoint_seconds` the state goes to `folder/checkpoint.pt`, atomically, and the
    curve to `folder/curve.csv`. Returns the model. Raises BadInput for a checkpoint that cannot be used, and
    TrainingStopped where nothing more can be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    worker: Any = copy.deepcopy(model).train()
    compute: PreTrainedModel = worker.to(_compute_dtype(model.device))
    use_in(compute)
    if schedule.tokens >= FUSED_FROM_TOKENS:
        _fuse(compute)
    pairs = list(zip(model.parameters(), compute.parameters(), strict=True))
    fixed = [(model.get_parameter(name), mask) for name, mask in (still or {}).items()]
    optimisers = _optimisers(model, schedule, rate_of)
    rates = [[group["lr"] for group in optimiser.param_groups] for optimiser in optimisers]
    step = seen = pool = 0
    if is_resumed and (folder / checkpoint.CHECKPOINT).exists():
        step, seen, pool = checkpoint.restore(folder, model, optimisers)
        _share(pairs)
        log.info("resumed at step %d, %.1f M tokens", step, seen / 1e6)
    curve = _Curve(folder / "curve.csv", is_resumed)
    if schedule.done(seen) >= until:
        return model
    saved_at = logged_at = time.monotonic()
    logged_tokens, losses = seen, []

    def save() -> None:
        state = {
            "model": model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in optimisers],
            "step": step,
            "seen": seen,
            "pool": pool,
        }
        checkpoint.save(folder, state)
        figures = on_checkpoint(model, seen) if on_checkpoint else {}
        if figures:
            log.info("at %.1f M tokens: %s", seen / 1e6, figures)

    for next_pool, batches in stream(pool):
        factor = schedule.factor(step, schedule.done(seen))
        for optimiser, base in zip(optimisers, rates, strict=True):
            for group, rate in zip(optimiser.param_groups, base, strict=True):
                group["lr"] = rate * factor
        learned = [int((labels != IGNORED).sum()) for _, labels in batches]
        mean = 0.0
        for batch, count in zip(batches, learned, strict=True):
            loss = loss_of(compute, batch) * (count / sum(learned))
            loss.backward()
            mean += loss.item()
            _hand_over_gradients(pairs)
        for master, mask in fixed:
            if master.grad is not None:
                master.grad.masked_fill_(mask, 0)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad()
        _share(pairs)
        step, seen = step + 1, seen + sum(ids.numel() for ids, _ in batches)
        losses.append(mean)
        now = time.monotonic()
        is_over = schedule.done(seen) >= until
        if step % 50 == 0 or is_over:
            rate = (seen - logged_tokens) / (now - logged_at)
            curve.add(step, seen, sum(losses) / len(losses), factor, rate)
            logged_at, logged_tokens, losses = now, seen, []
        if next_pool != pool:
            pool = next_pool
            if is_over or now - saved_at > checkpoint_seconds:
                save()
                saved_at = time.monotonic()
        if is_over:
            break
    save()
    return model


def _compute_dtype(device: torch.device) -> torch.dtype:
    """bfloat16, but not on a processor without instructions for it: there it takes four times as long."""
    has_bfloat16 = device.type != "cpu" or torch.cpu.get_capabilities().get("avx512_bf16", False)
    return torch.bfloat16 if has_bfloat16 else torch.float32


def _fuse(model: PreTrainedModel) -> None:
    """Compile the decoder's forward and backward pass where the machine can; the results are the same."""
    compiler = os.environ.get("CXX", "g++")
    if model.device.type == "cpu" and shutil.which(compiler) is None:
        log.info("no C++ compiler (%s) is here, so the kernels are not fused: training is slower", compiler)
        return
    model.base_model.compile(dynamic=True)


def _optimisers(
    model: PreTrainedModel, schedule: Schedule, rate_of: Callable[[str], float]
) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for all else; one group for each rate."""
    matrices: dict[float, list[torch.Tensor]] = {}
    others: dict[float, list[torch.Tensor]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            is_matrix = weight.ndim == 2 and "embed" not in name and ".layers." in name
            (matrices if is_matrix else others).setdefault(rate_of(name), []).append(weight)
    return [
        torch.optim.Muon(_groups(matrices, schedule.matrix_rate, 0.01), momentum=0.95),
        torch.optim.AdamW(_groups(others, schedule.other_rate, 0.0), betas=(0.9, 0.95)),
    ]


def _groups(weights: dict[float, list[torch.Tensor]], rate: float, decay: float) -> list[dict[str, Any]]:
    """Groups of parameters; the product of rate and decay is the same for all."""
    return [
        {"params": alike, "lr": rate * multiple, "weight_decay": decay / multiple}
        for multiple, alike in weights.items()
    ]


@torch.no_grad()
def _hand_over_gradients(pairs: list[tuple[torch.nn.Parameter, torch.nn.Parameter]]) -> None:
    """Add the workers' gradients, in half precision, to the masters'."""
    for master, worker in pairs:
        if worker.grad is not None:
            grad = worker.grad.float()
            master.grad = grad if master.grad is None else master.grad.add_(grad)
            worker.grad = None


@torch.no_grad()
def _share(pairs: list[tuple[torch.nn.Parameter, torch.nn.Parameter]]) -> None:
    for master, worker in pairs:
        worker.copy_(master)


class _Curve:
    """The loss curve as a CSV file that grows."""

    def __init__(self, path: Path, is_resumed: bool):
        self.path = path
        if not (is_resumed and path.exists()):
            with checkpoint.writing_in(path.parent):
                path.write_text("step,tokens,loss,rate_factor,tokens_per_second\n")

    def add(self, step: int, seen: int, loss: float, factor: float, speed: float) -> None:
        with checkpoint.writing_in(self.path.parent), self.path.open("a", newline="") as file:
            csv.writer(file).writerow([step, seen, f"{loss:.5f}", f"{factor:.4f}", f"{speed:.0f}"])
        log.info(
            "step %d  %.2f M tokens  loss %.4f  rate %.2f  %.0f tokens/s",
            step,
            seen / 1e6,
            loss,
            factor,
            speed,
        )
