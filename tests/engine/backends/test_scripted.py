"""The scripted backend keeps the protocol, and plays the same part every time."""

from __future__ import annotations

from engine.backends.protocol import Chunk, Generate
from engine.backends.scripted import ScriptedBackend
from engine.requests import STEP, TURN, Sampling, Stop
from engine.tasks import FAMILIES, identify
from engine.tree import Node, Tree


def tree(text: str = "Use 4 5 6 10 to make 24.") -> Tree:
    return Tree(text, identify(text))


def ask(node: Node, stop: Stop = TURN, seed: int = 0, **sampling) -> Generate:
    return Generate(node.id, "run", node, Sampling(**sampling), seed, stop)


def play(backend: ScriptedBackend, *requests: Generate) -> list[list[Chunk]]:
    for request in requests:
        backend.add(request)
    chunks: dict[int, list[Chunk]] = {request.id: [] for request in requests}
    while step := backend.step():
        for chunk in step:
            chunks[chunk.request_id].append(chunk)
    return list(chunks.values())


def text(chunks: list[Chunk]) -> str:
    return "".join(piece for chunk in chunks for piece in chunk.pieces)


def test_one_token_a_step_and_an_empty_end_token() -> None:
    grown = tree()
    (chunks,) = play(ScriptedBackend(), ask(grown.add(grown.root)))
    assert all(len(chunk.pieces) == len(chunk.logprobs) == len(chunk.confidences) == 1 for chunk in chunks)
    assert [chunk.end for chunk in chunks] == [None] * (len(chunks) - 1) + ["end"]
    assert chunks[-1].pieces == ("",)
    assert all(chunk.logprobs[0] < 0 for chunk in chunks)
    assert chunks[0].prompt_tokens > 0
    assert "</think>" in text(chunks)


def test_a_step_ends_with_its_newline_and_the_turn_goes_on_from_there() -> None:
    grown = tree()
    node, said = grown.root, []
    for _ in range(10):
        node = grown.add(node)
        (chunks,) = play(ScriptedBackend(), ask(node, STEP))
        grown.append(node, [piece for chunk in chunks for piece in chunk.pieces], [-0.1] * len(chunks))
        grown.finish(node, is_final=chunks[-1].is_final)
        said.append(text(chunks))
        if node.is_final:
            break
    assert len(said) == 4
    assert all(step.endswith("\n") for step in said[:-1])
    assert FAMILIES["countdown"].extract(grown.problem, node.turn_text) is not None  # pyright: ignore


def test_the_same_node_says_the_same_and_other_seeds_and_nodes_do_not() -> None:
    one, two = tree(), tree()
    nodes = [one.add(one.root) for _ in range(8)]
    first, *siblings = (text(play(ScriptedBackend(), ask(node))[0]) for node in nodes)
    assert text(play(ScriptedBackend(), ask(two.add(two.root)))[0]) == first
    assert len({first, *siblings}) > 3
    assert any(text(play(ScriptedBackend(), ask(nodes[0], seed=seed))[0]) != first for seed in range(1, 5))


def test_greedy_siblings_say_the_same() -> None:
    grown = tree()
    texts = [
        text(chunks)
        for chunks in play(
            ScriptedBackend(), *(ask(grown.add(grown.root), temperature=0.0) for _ in range(3))
        )
    ]
    assert len(set(texts)) == 1


def test_limits_rows_and_cancelling() -> None:
    grown = tree()
    backend = ScriptedBackend(max_rows=2)
    requests = [ask(grown.add(grown.root), max_tokens=5) for _ in range(3)]
    for request in requests:
        backend.add(request)
    assert len(backend.step()) == 2
    backend.cancel(requests[0].id)
    backend.cancel(12345)
    ends = [chunk for _ in range(20) for chunk in backend.step() if chunk.end]
    assert [(chunk.request_id, chunk.end) for chunk in ends] == [(2, "length"), (3, "length")]
    assert backend.step() == []
