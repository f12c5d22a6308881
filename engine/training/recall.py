"""What a model is taught first: to copy, and to look up by a name what stands beside it.

Without it a short training learns the sums and the forms of sentences and never to find a fact again, and
every story with two facts of one form goes wrong. Knows examples and words; knows no tokens and no tensors.
"""

from __future__ import annotations

import random

from engine.tasks import FAMILIES, Problem, words
from engine.training.examples import Example, Segment, fresh, reason_about
from engine.training.tokenizer import ASSISTANT, END, THINK, THINK_END, USER


def _shown(text: str, learned: str) -> Example:
    return [Segment(f"{USER}{text}{END}{ASSISTANT}"), Segment(f"{learned}{END}", True)]


def _word(rng: random.Random) -> str:
    return words.name_of(rng) if rng.random() < 0.6 else words.item(rng)


def _different(count: int, rng: random.Random) -> list[str]:
    """`count` words, each once."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[_word(rng)] = None
    return list(found)


def repeat(rng: random.Random) -> Example:
    """A list of words and numbers, said again."""
    parts = [
        _word(rng) if rng.random() < 0.67 else str(rng.randint(0, 99)) for _ in range(rng.randint(3, 24))
    ]
    return _shown(" ".join(parts), " ".join(parts))


def pairs(rng: random.Random) -> Example:
    """Words with a value each, said again in another order."""
    shown = []
    for word in _different(rng.randint(2, 14), rng):
        value = words.item(rng) if rng.random() < 0.33 else str(rng.randint(1, rng.choice((9, 99))))
        shown.append(f"{word} {value}")
    return _shown(", ".join(shown), ", ".join(rng.sample(shown, len(shown))))


def facts(rng: random.Random) -> Example:
    """The sentences of a story, said again in another order."""
    _, problem, _ = fresh(rng, "story")
    shown = problem.text.split(". ")[:-1]
    return _shown(". ".join(shown), ". ".join(rng.sample(shown, len(shown))))


def look_up(rng: random.Random) -> Example:
    """Many plain facts and a question about one, answered at once or after saying the fact."""
    while True:
        people: dict[str, int] = {}
        for _ in range(rng.randint(1, 8)):
            people.setdefault(words.name_of(rng), rng.randint(1, 99))
        things = words.item(rng)
        who = rng.choice(list(people))
        told = " ".join(f"{person} has {number} {things}." for person, number in people.items())
        problem = Problem(f"{told} How many {things} does {who} have?", "story")
        if not FAMILIES["story"].is_held_out(problem):
            break
    asked = f"{USER}{problem.text}{END}{ASSISTANT}{THINK}"
    if rng.random() < 0.5:
        return [Segment(f"{asked}{THINK_END}"), Segment(f" {people[who]}{END}", True)]
    said = f"{who} has {people[who]} {things}.\n{THINK_END} {people[who]}{END}"
    return [Segment(f"{asked}\n"), Segment(said, True)]


def recall(rng: random.Random) -> Example:
    """One example of a random format; one in five is a whole story, solved."""
    formats = (repeat, pairs, look_up, facts, lambda rng: reason_about(fresh(rng, "story")))
    return rng.choices(formats, (15, 25, 20, 20, 20))[0](rng)
