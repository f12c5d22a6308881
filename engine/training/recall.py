"""What a model is taught first: to copy, and to look up by a name what stands beside it.

Without it a short training learns the sums and the forms of sentences and never to find a fact again, and
every story with two facts of one form goes wrong. Knows examples and words; knows no tokens and no tensors.
"""

from __future__ import annotations

import random

from engine.tasks import Problem, Solution, story, words
from engine.tasks.story import Fact
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
    _, problem, _ = fresh(rng, story.name)
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
        told = {person: Fact(person, "base", number).sentence(things) for person, number in people.items()}
        problem = Problem(f"{' '.join(told.values())} How many {things} does {who} have?", story.name)
        if not story.is_held_out(problem):
            break
    if rng.random() < 0.5:
        asked = f"{USER}{problem.text}{END}{ASSISTANT}{THINK}{THINK_END}"
        return [Segment(asked), Segment(f" {people[who]}{END}", True)]
    return reason_about(problem, Solution((told[who],), str(people[who])))


def solved(rng: random.Random) -> Example:
    """A whole story with its solution, which looks up more than one fact."""
    _, problem, solution = fresh(rng, story.name)
    return reason_about(problem, solution)


FORMATS = {repeat: 15, pairs: 25, look_up: 20, facts: 20, solved: 20}


def recall(rng: random.Random) -> Example:
    """One example of a random format, by the weights above."""
    return rng.choices(list(FORMATS), list(FORMATS.values()))[0](rng)
