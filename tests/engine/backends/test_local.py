"""The local backend as the scheduler uses it: requests in, chunks of what was written out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from engine.backends.local import NOT_NUMBERS, LocalBackend
from engine.backends.protocol import Chunk, Generate, Profile
from engine.requests import STEP, THOUGHT, TURN, Sampling, Stop
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
    for one in requests:
        backend.add(one)
    return finish(backend, requests)


def finish(backend: LocalBackend, requests: Sequence[Generate]) -> list[Chunk]:
    """Step until all of these have ended; what was told of them."""
    going = {request.id: request.node for request in requests}
    chunks: list[Chunk] = []
    while going:
        got = backend.step()
        assert len({chunk.request_id for chunk in got}) == len(got)
        for chunk in got:
            if node := going.get(chunk.request_id):
                chunks.append(chunk)
                node.tree.append(node, chunk.pieces, chunk.logprobs)
                if chunk.end is not None:
                    node.tree.finish(node, is_final=chunk.is_final)
                    del going[chunk.request_id]
    return chunks


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every token is told in the step that wrote it."""
    monkeypatch.setattr("engine.backends.local.TELL_SECONDS", -1.0)


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
        run(crowded, requests)
        layer = [one.node for one in requests if not one.node.is_final]
    assert [(node.text, ids_of(crowded, node)) for node in tree.nodes[1:]] == alone


def test_a_tree_is_the_same_with_no_memory_for_keys_and_values():
    # Nothing is kept, so that every branch reads its whole path again.
    assert grown(backend(), "run") == grown(backend(key_value_bytes=1, max_rows=4), "run")


def test_each_token_of_a_path_is_read_once():
    served = backend()
    read: list[int] = []
    store = served.runner.tree.insert  # type: ignore[attr-defined]
    served.runner.tree.insert = lambda *new: read.append(len(new[1]) - new[2]) or store(*new)  # type: ignore[attr-defined]
    tree = Tree("Compute 12 + 7.")
    first = [request(tree.root, temperature=1.0, tokens=6) for _ in range(4)]
    chunks = run(served, first)
    prompt = len(served.transcript.before(first[0].node).ids)
    # Four branches, one reading of all but the prompt's last token; each then reads that, and 5 of its own 6.
    assert read == [prompt - 1, 6, 6, 6, 6]
    assert sum(chunk.prompt_tokens for chunk in chunks) == prompt

    read.clear()
    later = [request(first[2].node, temperature=1.0, tokens=4) for _ in range(3)]
    chunks = run(served, later)
    assert read == [4, 4, 4]  # the parent's last token, and 3 of their own 4
    assert sum(chunk.prompt_tokens for chunk in chunks) == 0


def test_branches_that_draw_alike_share_a_row_until_they_part():
    served = backend()
    tree = Tree("Compute 12 + 7.")
    greedy = [request(tree.root, temperature=0.0, tokens=8) for _ in range(5)]
    other = request(tree.root, temperature=3.0, tokens=8)
    decoded: list[int] = []
    decode = served.runner.decode
    served.runner.decode = lambda tokens: decoded.append(len(tokens)) or decode(tokens)  # type: ignore[method-assign]
    run(served, [*greedy, other])
    assert decoded == [1, *[2] * 7]
    assert len({one.node.text for one in greedy}) == 1 != len({one.node.text for one in [*greedy, other]})


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
    assert ended and all(chunk.is_final for chunk in ended)
    # Bytes that were still open when the turn ended are shown as what they are: no character.
    assert {chunk.pieces[-1].strip("\ufffd") for chunk in ended} == {""}


def test_rows_beyond_the_limit_wait_and_runs_take_turns():
    served = backend(max_rows=4)
    trees = [Tree("Compute 1 + 1."), Tree("Compute 2 + 2.")]
    for i, tree in enumerate(trees):
        for _ in range(6):
            served.add(request(tree.root, run_id=str(i), tokens=5, temperature=1.0))
    served.step()
    assert len(served._branches) == 4
    assert [branch.request.run_id for branch in served._branches.values()].count("0") == 2


def test_cancel_and_release_forget_at_once(at_once: None):
    served = backend()
    tree = Tree("Compute 12 + 7.")
    requests = [request(tree.root, temperature=1.0, tokens=50, seed=s) for s in range(3)]
    for one in requests:
        served.add(one)
    served.step()
    assert served.cancel(requests[0].id) is None  # all it wrote has been told
    assert served.cancel(10**9) is None
    assert {chunk.request_id for chunk in served.step()} == {requests[1].id, requests[2].id}
    served.release("run")
    assert served.step() == []
    assert served.runner.bytes == 0  # type: ignore[attr-defined]


def test_what_was_not_told_is_told_at_the_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.backends.local.TELL_SECONDS", 1e9)
    served = backend()
    tree = Tree("Compute 12 + 7.")
    requests = [request(tree.root, temperature=1.0, tokens=9, seed=s) for s in range(2)]
    for one in requests:
        served.add(one)
    for _ in range(3):
        assert served.step() == []
    cancelled = served.cancel(requests[0].id)
    assert cancelled is not None and len(cancelled.pieces) == 3 and cancelled.end is None
    (chunk,) = finish(served, requests[1:])
    assert len(chunk.pieces) == len(chunk.logprobs) == len(chunk.confidences) == requests[1].node.tokens


def test_a_row_whose_logits_are_not_numbers_ends_with_the_reason_and_the_others_go_on(at_once: None):
    served = backend()
    tree = Tree("Compute 12 + 7.")
    requests = [request(tree.root, temperature=1.0, tokens=4, seed=s) for s in range(2)]
    for one in requests:
        served.add(one)
    served.step()
    decode, first = served.runner.decode, served._branches[requests[0].id].row

    def broken(tokens: torch.Tensor) -> torch.Tensor:
        logits = decode(tokens).clone()
        logits[[row is first for row in served._rows]] = float("nan")
        return logits

    served.runner.decode = broken  # type: ignore[method-assign]
    chunks = served.step()
    assert [(chunk.end, chunk.reason, len(chunk.pieces)) for chunk in chunks] == [
        ("aborted", NOT_NUMBERS, 0),
        (None, "", 1),
    ]


def test_out_of_memory_halves_the_rows_and_changes_nothing_else():
    expected = grown(backend(), "run")
    served = backend()
    decode, read = served.runner.decode, served.runner.read

    def tight(act, items):
        if len(items) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return act(items)

    served.runner.decode = lambda tokens: tight(decode, tokens)  # type: ignore[method-assign]
    served.runner.read = lambda reads: tight(read, reads)  # type: ignore[method-assign]
    assert grown(served, "run") == expected
    assert served.max_rows <= 2


@pytest.mark.parametrize("is_whole_run", [False, True])
def test_a_branch_that_waits_for_memory_can_be_stopped(
    at_once: None, monkeypatch: pytest.MonkeyPatch, is_whole_run: bool
):
    served = backend()
    tree = Tree("Compute 12 + 7.")
    requests = [replace(request(tree.root, tokens=200, seed=seed), run_id="run") for seed in range(4)]
    for one in requests:
        served.add(one)
    served.step()
    decode = served.runner.decode

    def tight(tokens: torch.Tensor) -> torch.Tensor:
        if len(tokens) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return decode(tokens)

    monkeypatch.setattr(served.runner, "decode", tight)
    served.step()
    waiting = [branch.request for branch in served._paused]
    assert waiting
    if is_whole_run:
        served.release("run")
    else:
        for one in waiting:
            served.cancel(one.id)
    assert not served._paused
    told = {chunk.request_id for _ in range(3) for chunk in served.step()}
    assert told == (set() if is_whole_run else {one.id for one in requests} - {one.id for one in waiting})


def test_a_thought_ends_with_the_token_that_closes_it_even_where_that_is_its_first():
    served = backend()
    tree = Tree("Compute 12 + 7.")
    requests = [request(tree.root, stop=THOUGHT, temperature=2.0, tokens=200, seed=3) for _ in range(40)]
    chunks = run(served, requests)
    ended = {chunk.request_id for chunk in chunks if chunk.end == "stop"}
    closed = {one.id for one in requests if one.node.text.endswith("</think>")}
    assert ended == closed
    assert closed
    assert all("</think>" not in one.node.text.removesuffix("</think>") for one in requests)


def test_a_branch_is_aborted_at_the_first_token_whose_group_is_below_the_bar():
    tree, window = Tree("Compute 12 + 7."), 8
    free = request(tree.root, temperature=1.0, tokens=60)
    seen = [c for chunk in run(backend(), [free]) for c in chunk.confidences]
    groups = [sum(seen[end - window : end]) / window for end in range(window, len(seen) + 1)]
    bar = sorted(groups)[len(groups) // 2]
    at = next(i for i, mean in enumerate(groups) if mean < bar) + window
    twin = Tree("Compute 12 + 7.")
    one = replace(free, node=twin.add(twin.root), abort_below=bar, abort_window=window)
    chunks = run(backend(), [one])
    assert chunks[-1].end == "aborted"
    assert [c for chunk in chunks for c in chunk.confidences] == pytest.approx(seen[:at])
    assert f"last {window} tokens" in chunks[-1].reason


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
