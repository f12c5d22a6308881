"""A layer that tells how surprising each token was, put together by hand from ordinary Llama weights.

How likely a policy finds each token of a step ranks right and wrong steps of sums and stories well, but a
token classifier is not told: at a token, its state speaks of the next one. What was expected of a token is
one place back, and training alone finds the way from there only slowly. Here it is laid:

1. The embeddings say in coordinates of their own what `RANK` numbers, and a bias, tell tokens apart by. No
   layer before this one writes there.
2. The attention reads one place back, as `RANK` numbers, what was expected: the product of both is the
   token's logit. (They are fitted to keep the distribution, by Kullback-Leibler divergence: twenty do.)
3. The gated units multiply: silu(a) b + silu(-a) (-b) = a b, exactly. Others are fitted to the logarithm of
   the sum that a softmax divides by. What comes out is -log p, and the like.

All of it are weights that go on learning. A large constant, written by the attention and taken back by the
units, keeps the norm between them from scaling one token's products by another's state.
Departs from ELECTRA (arXiv 2003.10555, section 2), which learns to tell replaced tokens: nothing is replaced,
and what is expected is what the model's own lower part expects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, rms_norm, silu, smooth_l1_loss

from engine.training.position_heads import FREQUENCIES

RANK = 20
EXPECTED = slice(0, RANK)  # the new coordinates: what was expected of this token, one place back;
SAID = slice(RANK, 2 * RANK + 1)  # what tells this token from others, and its bias;
CONSTANT = 2 * RANK + 1
TOLD = slice(2 * RANK + 2, 2 * RANK + 6)  # what the layer tells, see `targets_of`;
ODDS = 2 * RANK + 5  # the last of that;
WIDTH = 48  # of all; the rest is free
SHARPNESS = 12.0  # of the head that reads one place back: it reads nothing else
LOUD = 30.0  # how much larger what is told is written than it is, to be heard beside the states
QUIET = 0.3  # the embeddings' new coordinates beside the old ones, so that the norms stay as they are
MOST = 10.0  # nats; what is less likely counts as this
CONSTANT_SHARE = 4.0  # the constant beside the length of a state
TAKING_BACK = 4.0  # the gate of the unit that takes the constant back
FITTING_STEPS = 4000
EPSILON = 1e-6  # of the norms

Row = tuple[list[int], int]  # token ids, and where the solution begins


def targets_of(surprise: Tensor) -> Tensor:
    """What is told of -log p (N,): itself, its first two nats, 2 (1 - p), half the log-odds; (N, 4)."""
    s = surprise.clamp(1e-4, MOST)
    unlikely = -torch.expm1(-s)
    return torch.stack([s, s.clamp(max=2.0), 2 * unlikely, torch.logit(unlikely, eps=1e-3) / 2], 1)


def _fit(
    weights: list[nn.Parameter], loss: Callable[[Tensor], Tensor], count: int, steps: int, rate: float
) -> None:
    """Adam on the `loss` of 2,048 of `count` places at a time, at a rate that goes to zero."""
    optimiser = torch.optim.Adam(weights, lr=rate)
    draw = torch.Generator().manual_seed(0)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = rate * (1 - step / steps)
        optimiser.zero_grad()
        loss(torch.randint(count, (2048,), generator=draw)).backward()
        optimiser.step()
    for weight in weights:
        weight.requires_grad_(False)


class _Short:
    """An expectation in `RANK` numbers: logits = ((normed states - mean) @ read) @ write + bias."""

    def __init__(self, normed: Tensor, tokens: Tensor, embedding: Tensor, steps: int = 400):
        """`normed` (N, hidden) states before the `tokens` (N,); `embedding` (vocabulary, hidden)."""
        self.mean = normed.mean(0)
        frequency = torch.bincount(tokens, minlength=len(embedding)).float() / len(tokens)
        centred = normed - self.mean
        values, vectors = torch.linalg.eigh(centred.T @ centred / len(normed))
        root, back = (vectors * values.clamp(min=1e-8) ** power @ vectors.T for power in (0.5, -0.5))
        # The best of this rank by squared error, to start from.
        left, _, _ = torch.linalg.svd(root @ (embedding * (frequency.sqrt().unsqueeze(1) + 1e-4)).T)
        self.read = nn.Parameter(back @ left[:, :RANK])  # (hidden, RANK)
        self.write = nn.Parameter(left[:, :RANK].T @ root @ embedding.T)  # (RANK, vocabulary)
        self.bias = nn.Parameter(embedding @ self.mean)

        def loss(at: Tensor) -> Tensor:
            wanted = (normed[at] @ embedding.T).softmax(-1)
            logits = self.expected(normed[at]) @ self.write + self.bias
            return -(wanted * log_softmax(logits, -1)).sum(-1).mean()

        _fit([self.read, self.write, self.bias], loss, len(normed), steps, rate=1e-2)

    def expected(self, normed: Tensor) -> Tensor:
        return (normed - self.mean) @ self.read


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the layer is fitted on: of each of N tokens of solutions, what stood before it."""

    normed: Tensor  # (N, old width): the states before it, as the layers below expect the next token from
    tokens: Tensor  # (N,)
    expected: Tensor  # (N, RANK)
    sizes: tuple[Tensor, Tensor]  # how large the expected (RANK,) and the said (RANK + 1,) numbers are


def set_surprise_layer(model: Any, place: int, norm: Tensor, rows: Sequence[Row]) -> None:
    """Write the layer at `place` of `model`, whose last `WIDTH` coordinates nothing uses yet.

    `norm` (old width,) is the weight of the norm by which the layers below expect the next token, with the
    embeddings as the head; `rows` are solutions to fit on. Raises ValueError where a head is too narrow.
    """
    if model.config.head_dim <= RANK:
        raise ValueError(f"A head must be wider than {RANK}; here it is {model.config.head_dim}.")
    old = len(norm)
    with torch.no_grad():
        normed, tokens = _expectations(model, place, norm, rows)
    embedding = model.model.embed_tokens.weight  # (vocabulary, old + WIDTH)
    short = _Short(normed, tokens, embedding[:, :old].detach().clone())
    said = torch.cat([short.write, short.bias[None]]).T  # (vocabulary, RANK + 1)
    expected = short.expected(normed)
    seen = _Seen(normed, tokens, expected, (expected.std(0), said[tokens].square().mean(0).sqrt()))
    with torch.no_grad():
        quiet = QUIET * embedding[:, :old].square().mean().sqrt() / seen.sizes[1]
        embedding[:, old:][:, SAID] = said * quiet
        constant = CONSTANT_SHARE * _length(model, place, rows)
        _write_attention(model, place, norm, short, seen, constant)
        weights = model.model.layers[place].post_attention_layernorm.weight
        # After the norm every one of the new coordinates is about 1.
        shrink = model.config.hidden_size**0.5 / constant
        weights.fill_(1.0)
        weights[old:][EXPECTED] = 1 / (LOUD * shrink)
        weights[old:][SAID] = 1 / (quiet * seen.sizes[1] * shrink)
        weights[old:][CONSTANT] = 1 / (constant * shrink)
        _write_products(model, place, seen, constant)
    _fit_units(model, place, rows, seen)


def kept_apart(model: Any, place: int) -> dict[str, Tensor]:
    """Masks by parameter of what must not learn: no layer before that at `place` writes its coordinates.

    A write of an ordinary step's size there would drown what the embeddings say.
    """
    hidden = model.config.hidden_size
    new, said = torch.zeros(2, hidden, dtype=torch.bool)
    new[hidden - WIDTH :] = True
    said[hidden - WIDTH :][SAID] = True
    masks = {"model.embed_tokens.weight": new}
    for name, _ in model.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            layer = int(name.split(".")[2])
            if layer < place:
                masks[name] = new.unsqueeze(1)
            elif layer == place and "o_proj" in name:
                masks[name] = said.unsqueeze(1)
    return masks


def _expectations(model: Any, place: int, norm: Tensor, rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
    """Normed states (N, old width) before the layer at `place`, and the tokens (N,) that followed them."""
    states, tokens = [], []
    for row, start in rows:
        before = _states(model, place, row)[start - 1 : -1, : len(norm)]
        states.append(rms_norm(before, norm.shape, norm, EPSILON))
        tokens.append(torch.tensor(row[start:]))
    return torch.cat(states), torch.cat(tokens)


def _states(model: Any, place: int, row: list[int]) -> Tensor:
    """The states (T, hidden) that the layer at `place` reads."""
    ids = torch.tensor([row])
    return model.model(input_ids=ids, output_hidden_states=True, use_cache=False).hidden_states[place][0]


def _length(model: Any, place: int, rows: Sequence[Row]) -> float:
    """The length of a state that the layer at `place` reads, by the first solutions."""
    states = torch.cat([_states(model, place, row) for row, _ in rows[:16]])
    return float(states.square().sum(-1).mean().sqrt())


def _write_attention(
    model: Any, place: int, norm: Tensor, short: _Short, seen: _Seen, constant: float
) -> None:
    """The first head reads what was expected one place back; the other key-value heads are left to learn."""
    layer, old, dim = model.model.layers[place], len(norm), model.config.head_dim
    attention = layer.self_attn
    layer.input_layernorm.weight.fill_(1.0)
    layer.input_layernorm.weight[:old] = norm * (old / model.config.hidden_size) ** 0.5
    for projection in (attention.q_proj, attention.k_proj, attention.v_proj):
        projection.weight[:dim] = 0
        projection.bias[:dim] = 0
    speeds = model.model.rotary_emb.inv_freq[:FREQUENCIES]
    attention.k_proj.bias[:FREQUENCIES] = SHARPNESS
    attention.q_proj.bias[:FREQUENCIES] = SHARPNESS * torch.cos(speeds)
    attention.q_proj.bias[dim // 2 : dim // 2 + FREQUENCIES] = -SHARPNESS * torch.sin(speeds)
    attention.v_proj.weight[:RANK, :old] = short.read.T
    attention.v_proj.bias[:RANK] = -short.mean @ short.read
    attention.v_proj.bias[RANK] = 1.0
    attention.o_proj.weight.zero_()
    attention.o_proj.weight[old:][EXPECTED, :RANK] = torch.diag(LOUD / seen.sizes[0])
    attention.o_proj.weight[old + CONSTANT, RANK] = constant


def _write_products(model: Any, place: int, seen: _Seen, constant: float) -> None:
    """Two units a product, one that takes the constant back, the others at random for `_fit_units`."""
    mlp, old = model.model.layers[place].mlp, seen.normed.shape[1]
    gate, up, down = (part.weight for part in (mlp.gate_proj, mlp.up_proj, mlp.down_proj))
    draw = torch.Generator().manual_seed(1)
    for weight, size in ((gate, 0.5), (up, 0.1)):
        weight.zero_()
        weight[:, old:][:, EXPECTED] = size * torch.randn(len(weight), RANK, generator=draw)
        weight[:, old + CONSTANT] = torch.randn(len(weight), generator=draw)
    down.zero_()
    by_hand = [*range(2 * RANK + 2), -1]
    gate[by_hand], up[by_hand] = 0, 0
    expected, said = seen.sizes
    for i in range(RANK + 1):
        factor = EXPECTED.start + i if i < RANK else CONSTANT
        size = expected[i] * said[i] if i < RANK else said[i]
        for sign, unit in ((1.0, 2 * i), (-1.0, 2 * i + 1)):
            gate[unit, old + factor] = sign
            up[unit, old + SAID.start + i] = sign
            down[old + TOLD.start, unit] = -size * LOUD
    gate[-1, old + CONSTANT] = TAKING_BACK
    up[-1, old + CONSTANT] = 1.0
    down[old + CONSTANT, -1] = -constant / float(silu(torch.tensor(TAKING_BACK)))


def _fit_units(model: Any, place: int, rows: Sequence[Row], seen: _Seen) -> None:
    """Let the gated units tell the surprise of every token, from the new coordinates alone."""
    mlp, old = model.model.layers[place].mlp, seen.normed.shape[1]
    gate, up, down = (part.weight for part in (mlp.gate_proj, mlp.up_proj, mlp.down_proj))
    weights = [gate[:-1, old:], up[:-1, old:], down[old:][TOLD][:, :-1]]  # all but the last: the constant's
    with torch.no_grad():
        captured: list[Tensor] = []
        handle = mlp.register_forward_pre_hook(lambda _, args: captured.append(args[0][0, :, old:]))
        for row, _ in rows:
            model.model(input_ids=torch.tensor([row]), use_cache=False)
        handle.remove()
        read = torch.cat([states[start:] for states, (_, start) in zip(captured, rows, strict=True)])
        expected = log_softmax(seen.normed @ model.model.embed_tokens.weight[:, :old].T, -1)
        targets = targets_of(-expected.gather(1, seen.tokens.unsqueeze(1)).squeeze(1))
    fitted = [nn.Parameter(weight.detach().clone()) for weight in weights]

    def loss(at: Tensor) -> Tensor:
        told = (silu(read[at] @ fitted[0].T) * (read[at] @ fitted[1].T)) @ fitted[2].T / LOUD
        return smooth_l1_loss(told, targets[at], beta=0.3)

    _fit(fitted, loss, len(read), FITTING_STEPS, rate=3e-3)
    with torch.no_grad():
        for weight, better in zip(weights, fitted, strict=True):
            weight.copy_(better)
