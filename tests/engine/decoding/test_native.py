"""The compiled sources: what they draw, how they are built, and what happens where they cannot be."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.decoding.choice import runner_for
from engine.decoding.native import build
from engine.decoding.native.drawing import NativeSampler, serves
from engine.decoding.random_stream import uniform
from engine.decoding.sampler import Draw, Sampler
from tests.engine import tiny_models
from tests.engine.decoding.compiler import has_compiler

needs_native = pytest.mark.skipif(not has_compiler(), reason="No C compiler here.")
DRAW = Draw(temperature=1.0, top_p=1.0, top_k=0, seed=11, node=3, position=0, row=0)


def logits(rows: int, vocabulary: int = 600) -> torch.Tensor:
    return 2 * torch.randn(rows, vocabulary, generator=torch.Generator().manual_seed(5))


@needs_native
@pytest.mark.parametrize("vocabulary", [7, 64, 600, 1023])
def test_draws_are_those_of_the_sampler_in_pytorch(vocabulary: int):
    rows = logits(40, vocabulary)
    draws = [
        replace(
            DRAW,
            temperature=(0.0, 0.3, 0.8, 1.0, 2.5)[i % 5],
            seed=i // 7,
            node=i,
            position=3 * i,
            row=i % 40,
        )
        for i in range(90)
    ]
    fast, plain = NativeSampler(draws, vocabulary), Sampler(draws, rows.device)
    for _ in range(40):
        ours, theirs = fast.sample(rows), plain.sample(rows)
        assert ours.tokens == theirs.tokens == ours.chosen.tolist()
        assert ours.logprobs == pytest.approx(theirs.logprobs, abs=1e-5)
        assert ours.confidences == pytest.approx(theirs.confidences, abs=1e-5)


@needs_native
def test_frequencies_are_the_tempered_probabilities():
    row = torch.full((1, 600), -math.inf)
    row[0, [5, 100, 599]] = torch.tensor([0.0, 1.0, 2.0])
    sampler = NativeSampler([replace(DRAW, temperature=0.5, node=n) for n in range(20_000)], 600)
    tokens = sampler.sample(row).tokens
    shares = [tokens.count(token) / len(tokens) for token in (5, 100, 599)]
    assert sum(shares) == pytest.approx(1.0)
    assert shares == pytest.approx(torch.tensor([0.0, 2.0, 4.0]).softmax(-1).tolist(), abs=0.01)


@needs_native
def test_rows_that_are_no_numbers_are_marked():
    rows = logits(4)
    rows[1, 7], rows[2, 0], rows[3] = math.nan, math.nan, math.inf
    for temperature in (0.0, 1.0):
        draws = [replace(DRAW, temperature=temperature, row=i) for i in range(4)]
        assert NativeSampler(draws, 600).sample(rows).bad == {1, 2, 3}


@needs_native
def test_the_stream_is_the_one_of_the_record():
    """With equal logits the token drawn tells the number: the runs of one machine repeat on another."""
    count = 4096
    flat = torch.zeros(1, count)
    draws = [replace(DRAW, seed=2**61 + n, node=n, position=n * n) for n in range(50)]
    numbers = uniform(*(torch.tensor([getattr(d, of) for d in draws]) for of in ("seed", "node", "position")))
    assert NativeSampler(draws, count).sample(flat).tokens == [int(u * count) for u in numbers.double()]


def test_top_k_and_top_p_are_left_to_pytorch():
    assert serves([DRAW])
    assert not serves([DRAW, replace(DRAW, top_p=0.9)])
    assert not serves([replace(DRAW, top_k=5)])


@needs_native
def test_it_is_built_once_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(build.platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    build.library.__wrapped__()
    (built,) = (tmp_path / "cache").glob("native-*.so")
    made = built.stat().st_mtime_ns
    build.library.__wrapped__()
    assert built.stat().st_mtime_ns == made


@pytest.mark.parametrize("trouble", ["no compiler", "broken source", "switched off"])
def test_without_it_the_model_still_runs(trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(build.platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path))
    if trouble == "no compiler":
        monkeypatch.setenv("PATH", "")
    elif trouble == "broken source":
        monkeypatch.setattr(build, "FLAGS", ("-no-such-flag",))
    else:
        monkeypatch.setenv(build.OFF_VARIABLE, "0")
    build.library.cache_clear()
    try:
        with pytest.raises(build.NotBuilt):
            build.library()
        runner, why = runner_for(tiny_models.model("qwen3"), 1 << 28)
        assert (runner.name, why) == ("key-value tree, flattened", "")
    finally:
        build.library.cache_clear()
