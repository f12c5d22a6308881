"""`bench decoding`: what the key-value tree gains, against real peers and against itself without its parts.

Knows the cases and how they are put. Every ratio comes from one process, the same weights, the same token
ids and lengths; an exactness gate comes first: both sides must write the same greedy tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from engine.bench import llama_cpp, machine, ours, peers, subjects
from engine.bench.timing import Case, compare
from engine.decoding import trunks
from engine.decoding.choice import runner_for
from engine.decoding.forwards import Hooked
from engine.decoding.runner import TreeRunner
from engine.scoring.process_reward import ProcessReward

NEW_TOKENS = 128
NODE_TOKENS = 24  # of a search's step
LLAMA_CPP_WITHIN = 0.005  # of a logit: it multiplies in another order, and reads its weights in float32
MIXED = (
    ("self_consistency", {"n": 16}),
    ("best_of_n", {"n": 16}),
    ("beam_search", {"beams": 4, "width": 4, "depth": 5}),
    ("mcts", {"rollouts": 16, "width": 4, "depth": 5, "stop_at": 1.0}),
) * 2
Cases = Iterator[Case]


class NotExact(Exception):
    """The two sides do not write the same tokens: their speeds must not be compared."""


def cases(extra: Callable[[], Cases] | None = None) -> Cases:
    """Every case, as it is measured; `extra` gives those that need the page and the store."""
    model, reward = subjects.policy(), subjects.reward()
    gate(model)
    yield from best_of_n(model)
    yield from continuous_batching(model)
    yield from searches(model, reward)
    yield concurrent(model, reward)
    yield from limits(model)
    yield from ablations(model, reward)
    yield from against_llama_cpp(model)
    if extra is not None:
        yield from extra()


def gate(model: Any) -> None:
    """Greedy tokens must be those of `generate`. Raises NotExact."""
    for length in (128, 512):
        ids = subjects.prompt(length)
        (theirs,) = peers.generate(model, ids, 1, 32, temperature=0.0)
        for written in ours.branches(ours.backend(_copy(model), ids, 32), 3, 32, temperature=0.0):
            if written != theirs:
                raise NotExact(f"Greedy tokens differ from generate's after a prompt of {length} tokens.")


def best_of_n(model: Any) -> Cases:
    """C1: n branches under one prompt."""
    for length in (128, 512):
        ids = subjects.prompt(length)
        served = ours.backend(_copy(model), ids, NEW_TOKENS)
        for count in (1, 4, 16, 64):
            yield compare(
                f"best_of_n/n{count}/p{length}/vs_generate",
                lambda served=served, count=count: ours.branches(served, count, NEW_TOKENS),
                lambda ids=ids, count=count: peers.generate(model, ids, count, NEW_TOKENS),
            )


def continuous_batching(model: Any) -> Cases:
    """C1 again, against transformers' own answer to many requests."""
    peer = peers.ContinuousBatching(model)
    peer.generate(subjects.prompt(64), 2, 4)
    for count, length in ((16, 128), (64, 512)):
        ids = subjects.prompt(length)
        served = ours.backend(_copy(model), ids, NEW_TOKENS)
        yield compare(
            f"best_of_n/n{count}/p{length}/vs_continuous_batching",
            lambda served=served, count=count: ours.branches(served, count, NEW_TOKENS),
            lambda ids=ids, count=count: peer.generate(ids, count, NEW_TOKENS),
            pairs=2,
            is_peer_warm=True,
        )


def searches(model: Any, reward: Any) -> Cases:
    """C2 and C3: whole strategies through the scheduler, against the same requests served from text."""
    tree: dict[str, Any] = {"rollouts": 64, "width": 4, "depth": 8, "stop_at": 1.0}
    wanted: tuple[tuple[str, str, dict[str, Any], Any], ...] = (
        ("beam_search/vs_usual_loop", "beam_search", {"beams": 4, "width": 4, "depth": 10}, peers.usual_loop),
        ("mcts/vs_resubmission", "mcts", tree | {"value": "mean"}, peers.resubmission),
        ("mcts/vs_usual_loop", "mcts", tree, peers.usual_loop),
    )
    ids = subjects.prompt(128)
    served = ours.backend(_copy(model), ids, NODE_TOKENS)
    loop = ours.scheduler(served, _copy(reward))
    for name, strategy, params, peer in wanted:
        waves = peers.waves_of(ours.run(loop, strategy, **params), served.transcript)
        yield compare(
            name,
            lambda strategy=strategy, params=params: ours.run(loop, strategy, **params),
            lambda peer=peer, waves=waves: peer(model, reward, waves, NODE_TOKENS),
            pairs=3,
        )


def concurrent(model: Any, reward: Any) -> Case:
    """C5: eight users' runs at once, against one after another."""
    served = ours.backend(_copy(model), subjects.prompt(64), NODE_TOKENS)
    loop = ours.scheduler(served, _copy(reward))

    def in_turn() -> None:
        for i, one in enumerate(MIXED):
            ours.runs(loop, [one], seed=i)

    return compare(
        "concurrent_8/vs_in_turn",
        lambda: ours.runs(loop, MIXED),
        in_turn,
        pairs=3,
        meaning="times as fast as one run after another",
    )


def limits(model: Any) -> Cases:
    """How near the machine's own limits a step comes, and what memory the branches take."""
    count, length, own = 64, 512, NEW_TOKENS // 2
    ids = subjects.prompt(length)
    served = ours.backend(_copy(model), ids, NEW_TOKENS)
    runner = served.runner
    assert isinstance(runner, TreeRunner)
    flops, copied = machine.flops_per_second(), machine.bytes_per_second()
    weights = 4 * served.parameters
    held = (length + count * own) * runner.bytes_per_token
    bound = max(weights / copied, 2 * served.parameters * count / flops) + held / copied
    spent = [ours.step_seconds(served, ids, count, own) for _ in range(5)]
    fractions = sorted(bound / second for second in spent)
    yield Case(
        f"roofline_fraction/n{count}/p{length}", fractions[2], fractions[0], fractions[-1],
        sorted(spent)[2], bound, 5, "of the fastest step that the machine's products and copies allow",
    )  # fmt: skip
    peak = 0
    step = served.step

    def watched() -> list[Any]:
        nonlocal peak
        chunks = step()
        peak = max(peak, runner.bytes)
        return chunks

    served.step = watched  # type: ignore[method-assign]
    ours.branches(served, count, NEW_TOKENS)
    ratio = peak / ((length + count * NEW_TOKENS) * runner.bytes_per_token)
    yield Case(
        f"memory/n{count}/p{length}/vs_distinct", ratio, ratio, ratio, pairs=1,
        meaning="times the memory of the distinct tokens' keys and values, at its peak (less is better)",
    )  # fmt: skip


def ablations(model: Any, reward: Any) -> Cases:
    """C4: the same with one part taken away."""
    ids, count = subjects.prompt(512), 64

    def served(change: Callable[[TreeRunner, Any], TreeRunner] | None = None) -> Any:
        own = _copy(model)
        whole, _ = runner_for(own, 1 << 30)
        assert isinstance(whole, TreeRunner)
        return ours.backend(own, ids, NEW_TOKENS, whole if change is None else change(whole, own))

    full = served()
    flat = served(lambda whole, own: TreeRunner(own, whole.forward, whole.shape, 1 << 30))
    hooked = served(lambda whole, own: TreeRunner(own, Hooked(own), whole.shape, 1 << 30))

    def write(one: Any, temperature: float = 1.0) -> list[list[int]]:
        return ours.branches(one, count, NEW_TOKENS, temperature)

    where = f"n{count}/p512"
    yield compare(f"ablation/native_steps/{where}", lambda: write(full), lambda: write(flat), 3, _WITHOUT)
    yield compare(f"ablation/flattening/{where}", lambda: write(flat), lambda: write(hooked), 3, _WITHOUT)

    def without_trunk() -> None:
        least, trunks.MIN_TOKENS = trunks.MIN_TOKENS, 1 << 30
        try:
            write(full)
        finally:
            trunks.MIN_TOKENS = least

    yield compare(f"ablation/shared_trunk/{where}", lambda: write(full), without_trunk, 3, _WITHOUT)

    yield compare(
        f"ablation/shared_rows/{where}",
        lambda: write(full, temperature=0.02),  # most branches draw alike for long
        lambda: write(full),
        3,
        "times as fast, at temperature 0.02, as branches that part at once",
    )
    yield _scorers_tree(model, reward)


def _scorers_tree(model: Any, reward: Any) -> Case:
    """The process reward over the steps of a beam search: only new tokens read, against whole paths."""
    served = ours.backend(_copy(model), subjects.prompt(128), NODE_TOKENS)
    loop = ours.scheduler(served, _copy(reward))
    done = ours.run(loop, "beam_search", beams=4, width=4, depth=10)
    waves = [wave for wave in peers.waves_of(done, served.transcript) if wave.kind == "score"]
    by_depth: dict[int, list[Any]] = {}
    for node in done.tree.nodes[1:]:
        by_depth.setdefault(node.depth, []).append(node)

    scorer = ProcessReward(_copy(reward), subjects.tokenizer(), served.transcript)

    def with_tree() -> None:
        for depth in sorted(by_depth):
            scorer.score(by_depth[depth])
        scorer.release(done.id)

    return compare(
        "ablation/scorers_tree",
        with_tree,
        lambda: peers.usual_loop(model, reward, waves, NODE_TOKENS),
        3,
        _WITHOUT,
    )


def against_llama_cpp(model: Any) -> Cases:
    """Rows that run where llama.cpp's Python packages are installed."""
    if not llama_cpp.is_here():
        return
    peer = llama_cpp.LlamaCpp(model, torch.get_num_threads())
    ids = subjects.prompt(128)
    with torch.inference_mode():
        apart = (peer.logits(ids) - model(torch.tensor([ids])).logits[0, -1]).abs().max()
    if apart > LLAMA_CPP_WITHIN:
        raise NotExact(f"llama.cpp's logits differ from the model's by up to {apart:.3g}.")
    for count, length in ((1, 128), (16, 128), (64, 128), (64, 512)):
        ids = subjects.prompt(length)
        served = ours.backend(_copy(model), ids, NEW_TOKENS)
        yield compare(
            f"best_of_n/n{count}/p{length}/vs_llama_cpp",
            lambda served=served, count=count: ours.branches(served, count, NEW_TOKENS),
            lambda ids=ids, count=count: peer.generate(ids, count, NEW_TOKENS),
        )


_WITHOUT = "times as fast as without it"


def _copy(model: Any) -> Any:
    """A model of its own: a runner may change the attention."""
    import copy

    return copy.deepcopy(model)
