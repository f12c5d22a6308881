"""The runners against the plain forward of the same model, whatever is cached or shares a batch."""

from __future__ import annotations

import pytest
import torch

from engine.decoding.choice import runner_for
from engine.decoding.packing import Read
from engine.decoding.plain import PlainRunner
from engine.decoding.runner import Row, TreeRunner
from tests.engine import tiny_models
from tests.engine.tiny_models import KINDS

PROMPT = [5, 9, 20, 33, 41, 52, 60]


def expected(kind: str, ids: list[int]) -> torch.Tensor:
    """The logits [T, V] of a plain forward of the whole path."""
    with torch.inference_mode():
        return tiny_models.model(kind)(torch.tensor([ids]), use_cache=False).logits[0]


def tree_runner(kind: str, tree_bytes: int = 1 << 28) -> TreeRunner:
    runner, why = runner_for(tiny_models.model(kind), tree_bytes)
    assert isinstance(runner, TreeRunner), why
    return runner


@pytest.mark.parametrize("kind", [*KINDS, "prm"])
def test_reading_and_decoding_give_what_a_plain_forward_gives(kind: str):
    runner = tree_runner(kind)
    read = Read("run", PROMPT, wanted=(2, -1))
    runner.forward([], [read])
    assert read.outputs is not None
    torch.testing.assert_close(read.outputs, expected(kind, PROMPT)[[2, -1]], atol=1e-4, rtol=0)

    row = runner.open(read, 17)
    for token in (3, 80, 11, 250):
        logits = runner.forward([row], [])
        torch.testing.assert_close(logits[0], expected(kind, row.ids)[-1], atol=1e-4, rtol=0)
        row.ids.append(token)


def test_rows_of_different_lengths_join_and_leave():
    runner = tree_runner("llama")
    rows: list[Row] = []
    for step in range(40):
        if step % 3 == 0:  # a branch from one of three prompts joins
            read = Read(f"run {step % 2}", PROMPT[: 3 + step % 4])
            runner.forward(rows, [read])
            rows.append(runner.open(read, 10 + step))
            continue
        logits = runner.forward(rows, [])
        for row, got in zip(rows, logits, strict=True):
            torch.testing.assert_close(got, expected("llama", row.ids)[-1], atol=1e-4, rtol=0)
            row.ids.append(int(got.argmax()))
        if step % 5 == 4:  # one from the middle leaves
            runner.close(rows[len(rows) // 2], keep=True)
            rows.remove(rows[len(rows) // 2])
            rows.sort(key=lambda row: row.slot)


def test_many_paths_are_read_in_one_forward_and_their_shared_tokens_once():
    runner = tree_runner("llama")
    paths = [[*PROMPT, 70, 71, i, 90 + i] for i in range(6)] + [[*PROMPT, 100], PROMPT]
    reads = [Read("run", path, wanted=(-2, -1)) for path in paths]
    sizes: list[int] = []
    original = runner._logits
    runner._logits = lambda ids, *rest: sizes.append(len(ids)) or original(ids, *rest)  # type: ignore[method-assign]
    runner.forward([], reads)
    assert sizes == [len(PROMPT) + 2 + 6 * 2 + 1]
    for read in reads:
        assert read.outputs is not None
        torch.testing.assert_close(read.outputs, expected("llama", list(read.ids))[-2:], atol=1e-4, rtol=0)


def test_a_branch_from_any_point_of_a_path_reads_only_what_is_new():
    runner = tree_runner("qwen3")
    read = Read("run", PROMPT)
    runner.forward([], [read])
    row = runner.open(read, 17)
    for token in (18, 19, 20):
        runner.forward([row], [])
        row.ids.append(token)
    runner.close(row, keep=True)
    assert runner.match("run", [*PROMPT, 17, 18, 19, 20]).cached == len(PROMPT) + 3
    assert runner.match("another run", PROMPT).cached == 0

    branch = Read("run", [*PROMPT, 17, 18, 99, 98])
    assert runner.match("run", branch.ids).cached == len(PROMPT) + 2
    runner.forward([], [branch])
    assert branch.outputs is not None
    torch.testing.assert_close(branch.outputs[0], expected("qwen3", list(branch.ids))[-1], atol=1e-4, rtol=0)


def test_after_eviction_the_path_is_read_again_and_stays_known():
    runner = tree_runner("llama")
    before = Read("run", PROMPT)
    runner.forward([], [before])
    runner.tree.evict()
    assert runner.tree.bytes == 0
    match = runner.match("run", PROMPT)
    assert (match.cached, match.known) == (0, len(PROMPT))

    after = Read("run", PROMPT)
    runner.forward([], [after])
    assert before.outputs is not None and after.outputs is not None
    assert torch.equal(before.outputs, after.outputs)
    assert runner.match("run", PROMPT).cached == len(PROMPT)
    runner.release("run")
    assert runner.tree.bytes == 0 and runner.match("run", PROMPT).known == 0


@pytest.mark.parametrize("tree_bytes", [1 << 28, 1000])
def test_a_prompt_longer_than_one_forward_even_with_a_tiny_tree(
    tree_bytes: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engine.decoding.runner.TOKENS_PER_FORWARD", 64)
    long = [(3 * i) % 300 for i in range(400)]
    runner = tree_runner("llama", tree_bytes)
    read = Read("run", long, wanted=(10, 399))
    runner.forward([], [read])
    assert read.outputs is not None
    torch.testing.assert_close(read.outputs, expected("llama", long)[[10, 399]], atol=1e-4, rtol=0)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_row_has_the_same_bits_alone_and_in_company(threads: int):
    torch.set_num_threads(threads)
    try:
        alone, together = tree_runner("llama"), tree_runner("llama")
        lengths = (1, 2, 3, 5, 8, 40, 70, 130, 180, 200, 300, 400)
        paths = [[*PROMPT, *((5 * i + length) % 300 for i in range(length))] for length in lengths]
        company: list[Row] = []
        for i, path in enumerate(paths):
            read = Read(f"run {i}", path)
            together.forward(company, [read])
            company.append(together.open(read, 17))
        for i, path in enumerate(paths):
            read = Read("run", path)
            alone.forward([], [read])
            row = alone.open(read, 17)
            one = alone.forward([row], [])
            many = together.forward(company, [])
            assert torch.equal(one[0], many[i])
            alone.close(row, keep=False)
            alone.release("run")
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize("kind", ["gemma2", "mistral", "mamba"])
def test_models_the_tree_cannot_serve_get_the_plain_path_and_the_reason(kind: str):
    runner, why = runner_for(tiny_models.model(kind), 1 << 28)
    assert isinstance(runner, PlainRunner)
    assert why
    long = PROMPT * 3  # longer than the sliding window
    read = Read("run", long)
    runner.forward([], [read])
    rows = [runner.open(read, 17), runner.open(read, 18)]
    for _ in range(3):
        logits = runner.forward(rows, [])
        for row, got in zip(rows, logits, strict=True):
            torch.testing.assert_close(got, expected(kind, row.ids)[-1], atol=1e-4, rtol=0)
            row.ids.append(int(got.argmax()))
