"""A recorded step: eager first, then replayed; on a device the same tokens as without recording."""

import pytest
import torch

from engine.decoding import graphs
from engine.decoding.choice import runner_for
from engine.decoding.packing import Read
from tests.engine import tiny_models


class Tape:
    """Stands for a device's graph: what is recorded is computed at every replay."""

    def __init__(self):
        self.replays = 0

    def replay(self):
        self.replays += 1


class Recording:
    def __init__(self, graph):
        self.graph = graph

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def test_it_records_once_a_batch_has_lasted(monkeypatch):
    made: list[Tape] = []
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: made.append(Tape()) or made[-1])
    monkeypatch.setattr(torch.cuda, "graph", Recording)
    steps: list[int] = []

    def step() -> torch.Tensor:
        steps.append(1)
        return torch.tensor(len(steps))

    recorded = graphs.Recorded(step)
    seen = [int(recorded()) for _ in range(graphs.RECORDED_AFTER + 3)]
    assert len(steps) == graphs.RECORDED_AFTER + 1  # the last one while recording
    assert [tape.replays for tape in made] == [3]
    assert seen[-3:] == [graphs.RECORDED_AFTER + 1] * 3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_recorded_steps_write_what_eager_ones_write(monkeypatch):
    def written(recorded_after: int) -> list[int]:
        monkeypatch.setattr(graphs, "RECORDED_AFTER", recorded_after)
        model = tiny_models.model("llama").to("cuda")
        runner, why = runner_for(model, 1 << 28)
        assert not why
        ids = list(range(1, 90))
        runner.read([Read("a", ids[:-1], wanted=(), shared=len(ids))])
        runner.open("a", ids, len(ids))
        token, out = ids[-1], []
        for _ in range(40):
            token = int(runner.decode(torch.tensor([token], device="cuda"))[0].argmax())
            out.append(token)
        return out

    assert written(4) == written(1000)
