"""The process reward reads each token once, and says what a plain forward of its model says."""

from __future__ import annotations

import pytest
import torch

from engine.backends.local import LocalBackend
from engine.backends.protocol import Profile
from engine.errors import ScorerUnavailable
from engine.requests import STEP
from engine.scoring.process_reward import ProcessReward
from engine.scoring.self_evaluation import NO, YES, SelfEvaluation
from engine.tree import Node, Tree
from tests.engine import tiny_models
from tests.engine.backends.test_local import request, run

PROFILE = Profile(name="test", step_ends=("\n",))
TOKENIZER = tiny_models.tokenizer()


def backend() -> LocalBackend:
    return LocalBackend(tiny_models.model("llama"), TOKENIZER, PROFILE, "llama")


def reward(served: LocalBackend, **settings) -> ProcessReward:
    return ProcessReward(tiny_models.model("prm", seed=1), TOKENIZER, served.transcript, **settings)


def grown(served: LocalBackend) -> list[Node]:
    """A tree of two layers of sampled steps, and below one of them a node of several steps."""
    tree = Tree("Compute 12 + 7.")
    layer = [tree.root]
    for _ in range(2):
        requests = [
            request(node, stop=STEP, tokens=30, temperature=1.5, seed=3) for node in layer for _ in range(3)
        ]
        run(served, requests)
        layer = [one.node for one in requests if not one.node.is_final][:3]
    several = tree.add(layer[0])
    for token in [
        *TOKENIZER.encode("1 + 1 = 2\n\n2 + 2 = 4\n"),
        *TOKENIZER.encode("</think> 4"),
        TOKENIZER.eos_token_id,
    ]:
        served.transcript.writing(several).append(token)
    tree.finish(several, text="1 + 1 = 2\n\n2 + 2 = 4\n</think> 4", is_final=True)
    return tree.nodes[1:]


def plain(served: LocalBackend, node: Node) -> list[float]:
    """P(right) at each of the node's own step ends, by a plain forward of the whole path."""
    ids, own = list(served.transcript.path(node).ids), served.transcript.own_ids(node)
    with torch.inference_mode():
        probabilities = tiny_models.model("prm", seed=1)(torch.tensor([ids])).logits[0].softmax(-1)[:, 1]
    first = len(ids) - len(own)
    ends, line = [], []
    for i, token in enumerate(own):
        line.append(token)
        if "\n" in TOKENIZER.decode([token]) and TOKENIZER.decode(line).strip():
            ends.append(first + i)
            line = []
    if line and (TOKENIZER.decode(line).strip() or not ends):
        ends.append(len(ids) - 1)
    return [float(probabilities[at]) for at in ends]


def test_scores_are_those_of_a_plain_forward_and_cost_is_what_is_read():
    served = backend()
    nodes = grown(served)
    scorer = reward(served)
    read: list[int] = []
    store = scorer.runner.tree.insert  # type: ignore[attr-defined]
    scorer.runner.tree.insert = lambda *new: read.append(len(new[1]) - new[2]) or store(*new)  # type: ignore[attr-defined]

    for batch in (nodes[:3], nodes[3:7], nodes[7:]):
        costs = scorer.cost(batch)
        assert costs == scorer.cost(batch)  # asking costs nothing
        read.clear()
        verdicts = scorer.score(batch)
        assert [verdict.tokens for verdict in verdicts] == costs
        assert sum(read) == sum(costs)
        for node, verdict in zip(batch, verdicts, strict=True):
            assert verdict.steps == pytest.approx(plain(served, node), abs=1e-5)
            assert verdict.steps and verdict.value == verdict.steps[-1]
    assert len(scorer.score(nodes[-1:])[0].steps or ()) == 3
    assert scorer.cost(nodes) == [0] * len(nodes)
    assert [verdict.tokens for verdict in scorer.score(nodes)] == [0] * len(nodes)


def test_a_parent_scored_after_its_child_and_a_node_asked_twice():
    served = backend()
    nodes = grown(served)
    scorer = reward(served)
    child = next(node for node in nodes if node.parent is nodes[0])
    batch = [child, nodes[0], child]
    costs = scorer.cost(batch)
    verdicts = scorer.score(batch)
    assert [verdict.tokens for verdict in verdicts] == costs
    for node, verdict in zip(batch, verdicts, strict=True):
        assert verdict.steps == pytest.approx(plain(served, node), abs=1e-5)
    assert costs[1:] == [0, 0]


def test_eviction_changes_no_score_and_no_cost():
    served = backend()
    nodes = grown(served)
    roomy, tight = reward(served), reward(served, key_value_bytes=1)
    for batch in (nodes[:3], nodes[3:]):
        assert roomy.score(batch) == tight.score(batch)


def test_release_forgets_the_run():
    served = backend()
    nodes = grown(served)
    scorer = reward(served)
    first = scorer.score(nodes)
    scorer.release("run")
    assert scorer.runner.tree.bytes == 0  # type: ignore[attr-defined]
    assert scorer.score(nodes) == first


def test_a_reward_that_reads_other_tokens_or_has_other_labels_is_refused():
    served = backend()
    with pytest.raises(ScorerUnavailable, match="labels"):
        ProcessReward(tiny_models.model("prm", num_labels=3), TOKENIZER, served.transcript)


def test_self_evaluation_is_the_probability_of_yes_against_no():
    served = backend()
    nodes = grown(served)
    scorer = SelfEvaluation(served)
    costs = scorer.cost(nodes)
    verdicts = scorer.score(nodes)
    assert [verdict.tokens for verdict in verdicts] == costs
    for node, verdict in zip(nodes, verdicts, strict=True):
        ids = list(scorer._asked(node).ids)
        with torch.inference_mode():
            logits = tiny_models.model("llama")(torch.tensor([ids])).logits[0, -1]
        probabilities = logits.softmax(-1)
        yes = {TOKENIZER.encode(word)[0] for word in YES}
        no = {TOKENIZER.encode(word)[0] for word in NO} - yes
        mass = [float(probabilities[sorted(tokens)].sum()) for tokens in (yes, no)]
        assert verdict.value == pytest.approx(mass[0] / sum(mass), abs=1e-4)
    # The question's tokens are read once; asked again, only the last of them is.
    assert scorer.cost(nodes[:1]) == [1]


def test_self_evaluation_abstains_where_the_question_does_not_fit():
    served = backend()
    scorer = SelfEvaluation(served)
    tree = Tree("Compute 12 + 7.")
    short, full = tree.add(tree.root), tree.add(tree.root)
    tree.finish(short, text="12 + 7 = 19\n", is_final=False)
    tree.finish(full, text="12 + 7 = 19\n" * served.context_tokens, is_final=False)
    assert scorer.cost([short, full])[1] == 0
    verdicts = scorer.score([short, full])
    assert verdicts[1].value is None and verdicts[1].tokens == 0
    assert verdicts[0].value is not None
