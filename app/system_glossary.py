"""The words on the pages, each in a sentence or two, in the order of the alphabet."""

from __future__ import annotations

GLOSSARY = {
    "Accuracy": "The share of problems whose chosen answer is right, decided by an exact checker.",
    "Aggregate": (
        "How the scores of a path's steps become one score: the last, the least, the product or the mean."
    ),
    "Batch": (
        "What is decoded together in one step. Runs of all people share it, and no tree depends on it."
    ),
    "Beam": "One of several partial solutions that are kept side by side.",
    "Budget": "What a run may spend, in tokens, seconds, FLOPs or dollars. It is never exceeded.",
    "Candidate": "A finished answer of a run that could be chosen.",
    "Chain": "One line of reasoning from the question to an answer.",
    "Confidence": (
        "How likely the model found what it wrote: the mean log-probability of its tokens, or what the "
        "likeliest 20 choices say of each."
    ),
    "Coverage": (
        "The share of problems for which at least one candidate is right; also pass@k. What a perfect "
        "choice would reach."
    ),
    "Discarded tokens": "Written, and cut off again where a step ended. They count.",
    "FLOPs": "Floating-point operations: 2 a parameter for each token read or written.",
    "Held out": "Problems that the bundled models were never trained on, by a hash of the problem.",
    "Interval": "The range that the data leave open, here always of 95 %. Few problems, wide intervals.",
    "Leaf": "A node without children.",
    "Log-probability": "The natural logarithm of a probability: 0 is certain, −0.7 is one half.",
    "Matched budget": (
        "The same limit for everything that is compared, the scorer's work and pruned branches included."
    ),
    "Node": "One step in the tree of a run, with its text, its scores and why it was kept or dropped.",
    "Oracle": "A chooser that knows the right answer. What it reaches is the coverage.",
    "Outcome reward": "A model that judges a whole answer.",
    "Over-optimisation": "More candidates and a worse answer, since one of them fools the scorer.",
    "p50, p95": "Half of the runs, and 19 of 20, take no more than this.",
    "Pareto front": "What nothing else beats in both accuracy and cost.",
    "Process reward": "A model that judges each step, from 0 to 1.",
    "Pruned": "Dropped before it was finished, with a reason.",
    "Rollout": "A path played to its end to find out what its beginning is worth.",
    "Scorer": "Whatever judges nodes: a reward model, the model itself, its confidence, or a check.",
    "Seed": "Where chance begins. The same seed and settings give the same tree.",
    "Selected": "The candidate that was answered with.",
    "Self-evaluation": (
        "The model's own probability of saying yes when it is asked whether an answer is right."
    ),
    "Step": (
        "A piece of reasoning, ended by a new line for the bundled models and by an empty one for others."
    ),
    "Temperature": "How freely tokens are drawn: 0 takes the likeliest, 1 follows the model.",
    "Token": "A piece of text as the model reads and writes it: about a word, or a few letters.",
    "UCT": "A rule of tree search: the mean value of a branch, plus a bonus for having seldom been tried.",
    "Verifier": "An exact checker that knows what is right. Honest for measuring, unfair for choosing.",
    "Vote": "The answer that most candidates agree on, each with a weight or all alike.",
    "Within noise": "A difference that these few problems could show by chance.",
}
