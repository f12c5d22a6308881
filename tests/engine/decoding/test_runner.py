"""The runners against the plain forward of the same model, whatever is cached or shares a batch."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch

from engine.decoding.choice import runner_for
from engine.decoding.packing import Read
from engine.decoding.plain import PlainRunner
from engine.decoding.rows import SIZES, Row
from engine.decoding.runner import Runner, TreeRunner
from engine.decoding.trunks import MIN_TOKENS
from tests.engine import tiny_models
from tests.engine.decoding.compiler import has_compiler
from tests.engine.tiny_models import KINDS

PROMPT = [5, 9, 20, 33, 41, 52, 60]
LONG_PROMPT = [(3 * i) % 300 for i in range(MIN_TOKENS + 37)]
FLAT = ("llama", "qwen3", "qwen2", "prm", "wide")
NATIVE = ("qwen3", "wide")  # those whose heads have 16 dimensions


def expected(kind: str, ids: list[int]) -> torch.Tensor:
    """The logits [T, V] of a plain forward of the whole path."""
    with torch.inference_mode():
        return tiny_models.model(kind)(torch.tensor([ids]), use_cache=False).logits[0]


def tree_runner(kind: str, tree_bytes: int = 1 << 28) -> TreeRunner:
    runner, why = runner_for(tiny_models.model(kind), tree_bytes)
    assert isinstance(runner, TreeRunner), why
    return runner


def without_native(kind: str) -> TreeRunner:
    """The flattened forward by PyTorch's operators, as on a machine without a C compiler."""
    fast = tree_runner(kind)
    return TreeRunner(tiny_models.model(kind), fast.forward, fast.shape, 1 << 28)


needs_native = pytest.mark.skipif(not has_compiler(), reason="No C compiler here.")


class Open:
    """Rows with their paths, as a backend keeps them."""

    def __init__(self, runner: Runner):
        self.runner = runner
        self.paths: dict[Row, list[int]] = {}

    def open(self, run_id: str, ids: list[int], shared: int = 0) -> Row:
        self.runner.read([Read(run_id, ids[:-1], wanted=(), shared=shared)])
        row = self.runner.open(run_id, ids, shared)
        self.paths[row] = list(ids)
        return row

    def step(self) -> dict[Row, torch.Tensor]:
        """The logits after the last token of every path."""
        rows = self.runner.rows
        logits = self.runner.decode(torch.tensor([self.paths[row][-1] for row in rows]))
        return dict(zip(rows, logits, strict=True))

    def close(self, row: Row, *, keep: bool = True) -> None:
        path = self.paths.pop(row)
        self.runner.close(row, path if keep else None)


def matches(kind: str, path: list[int], got: torch.Tensor) -> None:
    torch.testing.assert_close(got, expected(kind, path)[-1], atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", [*KINDS, "prm", "wide"])
@pytest.mark.parametrize("way", [tree_runner, without_native])
def test_reading_and_decoding_give_what_a_plain_forward_gives(kind: str, way: Callable[[str], TreeRunner]):
    rows = Open(way(kind))
    read = Read("run", PROMPT, wanted=(2, -1))
    rows.runner.read([read])
    assert read.outputs is not None
    torch.testing.assert_close(read.outputs, expected(kind, PROMPT)[[2, -1]], atol=1e-4, rtol=0)
    for shared in (0, len(LONG_PROMPT)):  # with and without a trunk
        row = rows.open(f"run {shared}", [*LONG_PROMPT, 4], shared)
        assert (row.trunk is not None) == (shared > 0)
    for token in (3, 80, 11, 250):
        for row, logits in rows.step().items():
            matches(kind, rows.paths[row], logits)
            rows.paths[row].append(token)


@pytest.mark.parametrize("kind", FLAT)
def test_llama_like_models_are_flattened(kind: str):
    assert "flattened" in without_native(kind).name


@needs_native
@pytest.mark.parametrize("kind", NATIVE)
def test_their_steps_are_native_where_the_sizes_fit(kind: str):
    assert "native" in tree_runner(kind).name
    assert "native" not in tree_runner("llama").name  # its heads have 12 dimensions


def test_models_of_other_parts_keep_their_own_forward():
    for kind in ("gemma", "neox", "gpt2"):
        assert "flattened" not in tree_runner(kind).name
    mixed = tiny_models.model("smollm3", num_hidden_layers=4)  # every fourth layer has no positions
    runner, why = runner_for(mixed, 1 << 28)
    assert not why and "flattened" not in runner.name


@pytest.mark.parametrize("kind", ["llama", "wide"])
def test_rows_of_different_lengths_join_fork_and_leave(kind: str):
    rows = Open(tree_runner(kind))
    for step in range(60):
        if step % 3 == 0:  # a branch from one of three prompts joins
            rows.open(f"run {step % 2}", [*PROMPT[: 3 + step % 4], 10 + step])
        if step % 7 == 3:
            row = rows.runner.rows[step % len(rows.runner.rows)]
            for twin in rows.runner.fork(row, 2):
                rows.paths[twin] = [*rows.paths[row][:-1], 200 + step]
        if step == 20:  # one with a trunk of its own
            rows.open("long", [*LONG_PROMPT, 7], len(LONG_PROMPT))
        for row, logits in rows.step().items():
            matches(kind, rows.paths[row], logits)
            rows.paths[row].append(int(logits.argmax()))
        if step % 5 == 4:
            rows.close(rows.runner.rows[len(rows.paths) // 2])


@pytest.mark.parametrize("kind", ["llama", "wide"])
def test_a_row_that_outgrows_its_class_moves_and_goes_on(kind: str):
    rows = Open(tree_runner(kind))
    row = rows.open("run", [(5 * i) % 300 for i in range(SIZES[0] - 2)])
    rows.open("run", PROMPT)
    for _ in range(6):
        for row, logits in rows.step().items():
            matches(kind, rows.paths[row], logits)
            rows.paths[row].append(int(logits.argmax()))
    assert {row.size for row in rows.paths} == {SIZES[0], SIZES[1]}


def test_many_paths_are_read_together_and_their_shared_tokens_once():
    runner = tree_runner("llama")
    paths = [[*PROMPT, 70, 71, i, 90 + i] for i in range(6)] + [[*PROMPT, 100], PROMPT]
    reads = [Read("run", path, wanted=(-2, -1)) for path in paths]
    read: list[int] = []
    store = runner.tree.insert
    runner.tree.insert = lambda *new: read.append(len(new[1]) - new[2]) or store(*new)  # type: ignore[method-assign]
    runner.read(reads)
    assert sum(read) == len(PROMPT) + 2 + 6 * 2 + 1
    for one in reads:
        assert one.outputs is not None
        torch.testing.assert_close(one.outputs, expected("llama", list(one.ids))[-2:], atol=1e-4, rtol=0)


def test_a_branch_from_any_point_of_a_path_reads_only_what_is_new():
    rows = Open(tree_runner("qwen3"))
    row = rows.open("run", [*PROMPT, 17])
    for token in (18, 19, 20):
        rows.step()
        rows.paths[row].append(token)
    rows.close(row)
    tree = rows.runner
    assert tree.match("run", [*PROMPT, 17, 18, 19, 20]).cached == len(PROMPT) + 3
    assert tree.match("another run", PROMPT).cached == 0
    branch = Read("run", [*PROMPT, 17, 18, 99, 98])
    assert tree.match("run", branch.ids).cached == len(PROMPT) + 2
    tree.read([branch])
    assert branch.outputs is not None
    matches("qwen3", list(branch.ids), branch.outputs[0])


def test_after_eviction_the_path_is_read_again_and_stays_known():
    runner = tree_runner("llama")
    before, after = Read("run", PROMPT), Read("run", PROMPT)
    runner.read([before])
    runner.free()
    assert runner.tree.bytes == 0
    match = runner.match("run", PROMPT)
    assert (match.cached, match.known) == (0, len(PROMPT))
    runner.read([after])
    assert before.outputs is not None and after.outputs is not None
    assert torch.equal(before.outputs, after.outputs)
    runner.release("run")
    assert runner.bytes == 0 and runner.match("run", PROMPT).known == 0


@pytest.mark.parametrize("tree_bytes", [1 << 28, 1000])
def test_a_prompt_longer_than_one_pass_even_with_a_tiny_tree(
    tree_bytes: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engine.decoding.packing.LONGEST_BLOCK", 64)
    long = [(3 * i) % 300 for i in range(400)]
    runner = tree_runner("llama", tree_bytes)
    read = Read("run", long, wanted=(10, 399))
    runner.read([read])
    assert read.outputs is not None
    torch.testing.assert_close(read.outputs, expected("llama", long)[[10, 399]], atol=1e-4, rtol=0)
    runner.trim()
    assert runner.tree.bytes <= tree_bytes


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("way", [tree_runner, without_native])
def test_a_row_has_the_same_bits_alone_and_in_company(threads: int, way: Callable[[str], TreeRunner]):
    torch.set_num_threads(threads)
    try:
        alone, together = Open(way("wide")), Open(way("wide"))
        lengths = (1, 2, 3, 5, 8, 40, 70, 130, 180, 200, 300, 400)
        paths = [[(5 * i + length) % 300 for i in range(length)] + [17] for length in lengths]
        company = [together.open(f"run {i}", path, 150 * (i % 2)) for i, path in enumerate(paths)]
        many = together.step()
        for i, (path, row) in enumerate(zip(paths, company, strict=True)):
            one = alone.open(f"run {i}", path, 150 * (i % 2))
            assert torch.equal(alone.step()[one], many[row])
            alone.close(one, keep=False)
    finally:
        torch.set_num_threads(1)


def test_an_output_bias_is_flattened_only_where_it_adds_nothing():
    """Llama's `attention_bias` gives the outputs one too, which the bundled process reward leaves at zero."""
    model = tiny_models.model("llama", attention_bias=True)
    first = model.model.layers[0].self_attn
    for part in (first.q_proj, first.k_proj, first.v_proj):
        torch.nn.init.normal_(part.bias)
    for is_flat in (True, False):
        with torch.inference_mode():
            plain = model(torch.tensor([PROMPT])).logits[0, -1:]
        runner, _ = runner_for(copy.deepcopy(model), 1 << 28)
        assert ("flattened" in runner.name) == is_flat
        read = Read("run", PROMPT, wanted=(-1,))
        runner.read([read])
        assert read.outputs is not None
        torch.testing.assert_close(read.outputs, plain, atol=1e-4, rtol=0)
        torch.nn.init.ones_(first.o_proj.bias)


@pytest.mark.parametrize("kind", ["gemma2", "mistral", "mamba"])
def test_models_the_tree_cannot_serve_get_the_plain_path_and_the_reason(kind: str):
    runner, why = runner_for(tiny_models.model(kind), 1 << 28)
    assert isinstance(runner, PlainRunner)
    assert why
    rows = Open(runner)
    rows.open("run", PROMPT * 3)  # longer than the sliding window
    rows.open("run", PROMPT[:1])
    for step in range(4):
        if step == 1:
            row = runner.rows[0]
            (twin,) = runner.fork(row, 1)
            rows.paths[twin] = [*rows.paths[row][:-1], 99]
        for row, logits in rows.step().items():
            matches(kind, rows.paths[row], logits)
            rows.paths[row].append(int(logits.argmax()))


@pytest.mark.parametrize("kind", ["qwen3", "wide"])
def test_many_reads_of_one_path_get_the_same_outputs_and_one_reading(kind: str):
    """More outputs are asked for than tokens are read: each is computed once."""
    runner = tree_runner(kind)
    reads = [Read("run", list(range(5, 12)), wanted=(2, 6)) for _ in range(50)]
    runner.read(reads)
    (alone,) = once = [Read("alone", list(range(5, 12)), wanted=(2, 6))]
    runner.read(once)
    assert alone.outputs is not None
    for read in reads:
        assert read.outputs is not None and torch.equal(read.outputs, alone.outputs)
    assert runner.match("run", reads[0].ids).cached == 7
