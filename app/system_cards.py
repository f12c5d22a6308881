"""What a strategy costs at most, as a formula, and when it fails: what the registry itself does not say.

Formulas are in tokens, by the strategy's own knobs and by `chain` (one whole chain of the model), `step` (one
step of it), `steps` (how many a chain has), `answer` (a bare answer) and `read` (2 where a scorer model reads
what is written, 1 where the scorer costs nothing). A test holds each against the forecast's own arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """Two things to know before one uses a strategy."""

    formula: str
    fails: str


CARDS = {
    "direct": Card(
        "answer",
        "On whatever needs a result in between: all of it would have to happen inside one token.",
    ),
    "chain_of_thought": Card(
        "chain",
        "At the first wrong step: what follows is built on it, and nothing looks back.",
    ),
    "budget_forcing": Card(
        "min((1 + waits) × chain, max_thinking_tokens)",
        "Where the model cannot check itself: made to go on, it talks itself out of right answers as "
        "well, and more waiting soon buys nothing.",
    ),
    "self_consistency": Card(
        "n × chain",
        "Where chains err alike: then the most frequent answer is the common mistake. And where no two "
        "answers are ever equal, as in free text: then there is no majority.",
    ),
    "adaptive_consistency": Card(
        "n_max × chain",
        "Where the first few chains agree by chance: it stops on their mistake. On hard problems it saves"
        " nothing, since the vote is never clear.",
    ),
    "best_of_n": Card(
        "n × chain × read",
        "With more candidates than the scorer can bear: the larger n, the likelier that one of them is "
        "wrong and fools it. Accuracy then falls as n grows.",
    ),
    "confident_voting": Card(
        "n × chain",
        "Where the model is sure of what is wrong. Short traces hold few windows, so the bar is set by "
        "chance.",
    ),
    "beam_search": Card(
        "beams × width × min(depth, steps) × step × (1 + lookahead) × read",
        "Where a good first step does not look good yet, or a bad one does: all beams follow the same "
        "early mistake, and what differed is gone.",
    ),
    "dvts": Card(
        "n × min(depth, steps) × step × read",
        "With a small budget: it is split over subtrees that do not help each other, so none goes far.",
    ),
    "tree_of_thoughts": Card(
        "proposals × (1 + (ceil(min(depth, steps)) − 1) × breadth) × (step + judgements × 2)",
        "With a small model: it cannot tell a promising half of a solution from a hopeless one, and pays "
        "for the verdicts all the same.",
    ),
    "particle_filter": Card(
        "particles × chain × read",
        "Where the reward is surer than it is right: resampling copies a few particles over all others, "
        "and what is lost does not come back.",
    ),
    "mcts": Card(
        "rollouts × chain × read",
        "With few rollouts: exploring costs before it pays. Where values are noisy, visits pile up on "
        "luck. And rounds follow one another, so a token takes longer than in sampling.",
    ),
    "ab_mcts": Card(
        "rollouts × (chain + step ÷ 2) × read",
        "Where rewriting seldom mends anything: about half of the answers are rewrites.",
    ),
    "self_refine": Card(
        "(1 + rounds) × (chain + step)",
        "Where the model does not see its own mistakes: it finds faults in right drafts too, and rewrites"
        " them.",
    ),
    "repair": Card(
        "(1 + rounds) × width × chain",
        "Where nothing can be checked: then it is one draft. Where the failure does not say what to "
        "change, it makes the same mistake again.",
    ),
    "adaptive": Card(
        "(probe + most) × chain × read",
        "Where the probes mislead it: a few that agree on a wrong answer end it at once.",
    ),
}
