"""The local backend as the scheduler uses it: requests in, one token a branch a step out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
import torch

from engine.backends.local import NOT_NUMBERS, LocalBackend
from engine.backends.protocol import Chunk, Generate, Profile
from engine.requests import STEP, TURN, Sampling, Stop
from engine.tree import Node, Tree
from tests.engine import tiny_models
from tests.engine.tiny_models import KINDS

PROFILE = Profile(name="test", step_ends=("\n",), think_open="<think>", think_close="</think>")
_ids = itertools.count()


def backend(kind: str = "llama", **settings) -> LocalBackend:
    return LocalBackend(tiny_models.model(kind), tiny_models.tokenizer(), PROFILE, kind, **settings)


def request(
    parent: Node, *, run_id: str = "run", seed: int = 1, stop: Stop = TURN, tokens: int = 12, **sampling
) -> Generate:
    node = parent.tree.add(parent)
    return Generate(next(_ids), run_id, node, Sampling(max_tokens=tokens, **sampling), seed, stop)


def run(backend: LocalBackend, requests: Sequence[Generate]) -> list[Chunk]:
    """Decode all requests to their ends, growing their nodes as the scheduler does."""
    nodes = {request.id: request.node for request in requests}
    chunks: list[Chunk] = []
    for one in requests:
        backend.add(one)
    while got := backend.step():
        assert len({chunk.request_id for chunk in got}) == len(got)
        chunks += got
        for chunk in got:
            node = nodes[chunk.request_id]
            node.tree.append(node, chunk.pieces, chunk.logprobs)
            if chunk.end is not None:
                node.tree.finish(node, is_final=chunk.is_final)
    return chunks


def ids_of(backend: LocalBackend, node: Node) -> list[int]:
    return list(backend.transcript.own_ids(node))


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_tokens_and_logprobs_are_those_of_the_plain_model(kind: str):
    served, plain = backend(kind), tiny_models.model(kind)
    tree = Tree("Compute 12 + 7.")
    one = request(tree.root, temperature=0.0, tokens=20)
    run(served, [one])
    path = list(served.transcript.before(one.node).ids)
    for token, logprob in zip(ids_of(served, one.node), one.node.token_logprobs, strict=True):
        with torch.inference_mode():
            logprobs = plain(torch.tensor([path])).logits[0, -1].log_softmax(-1)
        assert token == int(logprobs.argmax())
        assert logprob == pytest.approx(float(logprobs[token]), abs=1e-4)
        path.append(token)


def grown(served: LocalBackend, run_id: str, rounds: int = 3) -> list[tuple[str, list[int]]]:
    """Grow a small sampled tree; every node's text and ids."""
    tree = Tree("Use the numbers 3 5 7.")
    layer = [tree.root]
    for _ in range(rounds):
        requests = [
            request(node, run_id=run_id, seed=7, tokens=5 + node.id) for node in layer for _ in range(2)
        ]
        run(served, requests)
        layer = [one.node for one in requests if not one.node.is_final]
    return [(node.text, ids_of(served, node)) for node in tree.nodes[1:]]


def test_a_sampled_tree_is_the_same_alone_and_in_company():
    alone = grown(backend(), "mine")

    crowded = backend(max_rows=5)
    others = Tree("Compute 1 + 1.")
    for i in range(9):  # other runs' branches, of many lengths, join and leave in between
        crowded.add(request(others.root, run_id=f"other {i % 3}", seed=i, tokens=3 + 7 * i))
    tree = Tree("Use the numbers 3 5 7.")
    layer, requests = [tree.root], []
    for _ in range(3):
        requests = [
            request(node, run_id="mine", seed=7, tokens=5 + node.id) for node in layer for _ in range(2)
        ]
        waiting = {one.id: one for one in requests}
        for one in requests:
            crowded.add(one)
        while waiting:
            for chunk in crowded.step():
                if chunk.request_id in waiting:
                    node = waiting[chunk.request_id].node
                    tree.append(node, chunk.pieces, chunk.logprobs)
                    if chunk.end is not None:
                        tree.finish(node, is_final=chunk.is_final)
                        del waiting[chunk.request_id]
        layer = [one.node for one in requests if not one.node.is_final]
    assert [(node.text, ids_of(crowded, node)) for node in tree.nodes[1:]] == alone


def test_a_tree_is_the_same_with_no_memory_for_keys_and_values():
    # Nothing is kept, so that every branch reads its whole path again.
    assert grown(backend(), "run") == grown(backend(key_value_bytes=1, max_rows=4), "run")


def test_each_token_of_a_path_is_read_once():
    served = backend()
    read: list[int] = []
    original = served.runner._logits  # type: ignore[attr-defined]
    served.runner._logits = lambda ids, *rest: read.append(len(ids)) or original(ids, *rest)  # type: ignore[attr-defined]
    tree = Tree("Compute 12 + 7.")
    first = [request(tree.root, temperature=1.0, tokens=6) for _ in range(4)]
    chunks = run(served, first)
    prompt = len(served.transcript.before(first[0].node).ids)
    assert read[0] == prompt  # four branches, one reading
    assert sum(chunk.prompt_tokens for chunk in chunks) == prompt

    read.clear()
    later = [request(first[2].node, temperature=1.0, tokens=4) for _ in range(3)]
    chunks = run(served, later)
    assert read == [1, 3, 3, 3]  # only the last token of the parent had not been read
    assert sum(chunk.prompt_tokens for chunk in chunks) == 0


def test_a_step_ends_with_the_token_that_completes_it():
    served = backend()
    tree = Tree("Compute 12 + 7.")
    requests = [request(tree.root, temperature=1.5, tokens=200, stop=STEP, seed=s) for s in range(6)]
    ends = {chunk.request_id: chunk.end for chunk in run(served, requests) if chunk.end}
    stopped = [one.node for one in requests if ends[one.id] == "stop"]
    assert stopped
    for node in stopped:
        assert "\n" in node.pieces[-1]
        assert "\n" not in "".join(node.pieces[:-1]).lstrip()


def test_pieces_join_to_whole_characters():
    served = backend()
    tree = Tree("é ü 漢字")
    requests = [request(tree.root, temperature=3.0, tokens=80, seed=s) for s in range(4)]
    run(served, requests)
    for one in requests:
        ids = [token for token in ids_of(served, one.node) if token not in served.transcript.end_ids]
        assert one.node.text == served.transcript.tokenizer.decode(ids)
        assert len(one.node.pieces) == one.node.tokens == len(ids_of(served, one.node))


def test_the_end_token_counts_and_has_no_text():
    served = backend()
    tree = Tree("Compute 12 + 7.")
    requests = [request(tree.root, temperature=2.0, tokens=400, seed=s) for s in range(4)]
    chunks = run(served, requests)
    ended = [chunk for chunk in chunks if chunk.end == "end"]
    assert ended and all(chunk.is_final and len(chunk.pieces) == 1 for chunk in ended)
    # Bytes that were still open when the turn ended are shown as what they are: no character.
    assert {piece.strip("\ufffd") for chunk in ended for piece in chunk.pieces} == {""}


def test_rows_beyond_the_limit_wait_and_runs_take_turns():
    served = backend(max_rows=4)
    trees = [Tree("Compute 1 + 1."), Tree("Compute 2 + 2.")]
    for i, tree in enumerate(trees):
        for _ in range(6):
            served.add(request(tree.root, run_id=str(i), tokens=5, temperature=1.0))
    first = served.step()
    assert len(first) == 4
    assert [branch.request.run_id for branch in served._branches.values()].count("0") == 2


def test_cancel_and_release_forget_at_once():
    served = backend()
    tree = Tree("Compute 12 + 7.")
    requests = [request(tree.root, temperature=1.0, tokens=50, seed=s) for s in range(3)]
    for one in requests:
        served.add(one)
    served.step()
    served.cancel(requests[0].id)
    served.cancel(10**9)
    assert {chunk.request_id for chunk in served.step()} == {requests[1].id, requests[2].id}
    served.release("run")
    assert served.step() == []
    assert served.runner.tree.bytes == 0  # type: ignore[attr-defined]


def test_a_row_whose_logits_are_not_numbers_ends_with_the_reason_and_the_others_go_on():
    served = backend()
    tree = Tree("Compute 12 + 7.")
    requests = [request(tree.root, temperature=1.0, tokens=4, seed=s) for s in range(2)]
    for one in requests:
        served.add(one)
    served.step()
    forward = served.runner.forward

    def broken(rows, reads):
        logits = forward(rows, reads).clone()
        logits[0] = float("nan")
        return logits

    served.runner.forward = broken  # type: ignore[method-assign]
    chunks = served.step()
    assert [(chunk.end, chunk.reason, len(chunk.pieces)) for chunk in chunks] == [
        ("aborted", NOT_NUMBERS, 0),
        (None, "", 1),
    ]


def test_out_of_memory_halves_the_rows_and_changes_nothing_else():
    expected = grown(backend(), "run")
    served = backend()
    forward = served.runner.forward

    def tight(rows, reads):
        if len(rows) + len(reads) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(rows, reads)

    served.runner.forward = tight  # type: ignore[method-assign]
    assert grown(served, "run") == expected
    assert served.forward_limit == 2


def test_a_branch_whose_confidence_falls_is_aborted():
    served = backend()
    tree = Tree("Compute 12 + 7.")
    one = request(tree.root, temperature=1.0, tokens=400)
    sure = Generate(one.id, one.run_id, one.node, one.sampling, one.seed, TURN, abort_below=1e9)
    assert run(served, [sure])[-1].end in ("aborted", "end")


def test_a_full_context_ends_the_branch():
    served = backend()
    tree = Tree("Compute " + "1 + " * 300)
    one = request(tree.root)
    assert [chunk.end for chunk in run(served, [one])] == ["length"]


@pytest.mark.parametrize("kind", ["mistral", "mamba"])
def test_models_on_the_plain_path_give_the_same_greedy_text_as_the_model(kind: str):
    served, plain = backend(kind), tiny_models.model(kind)
    assert "plain, because" in str(served.describe()["decoding"])
    tree = Tree("Compute 12 + 7.")
    requests = [request(tree.root, temperature=0.0, tokens=10) for _ in range(2)]
    run(served, requests)
    path = list(served.transcript.before(requests[0].node).ids)
    for token in ids_of(served, requests[0].node):
        with torch.inference_mode():
            assert token == int(plain(torch.tensor([path]), use_cache=False).logits[0, -1].argmax())
        path.append(token)
    assert requests[0].node.text == requests[1].node.text
