"""Names and items for stories: many known ones, and made-up ones so that any word can be learned."""

from __future__ import annotations

import random

_NAMES = (
    "Ada Adam Alba Alex Alma Amir Amy Ana Andy Anna Anton Aria Asa Ava Axel Bea Bella Ben Beth Bo Bruno "
    "Carl Carla Cleo Clara Cora Dan Dana David Dora Ed Eli Ella Emil Emma Enzo Erik Erin Eva Fay Felix "
    "Finn Flora Fred Gia Gina Greta Gus Hana Hank Hans Harry Hugo Ida Ines Iris Isla Ivan Ivy Jack Jade "
    "James Jan Jane Jill Jim Joan Joe John Jon Juan Judy Julia Kai Karl Kate Ken Kim Kira Kurt Lara Lea "
    "Lena Leo Levi Lily Lina Lisa Liv Lola Luca Lucy Luis Luna Max Maria Mark Mary Mason Maya Mia Mila "
    "Milo Mina Nadia Nell Nico Nils Nina Noah Noor Nora Olga Oli Omar Oscar Otto Owen Pam Paul Peter Pia "
    "Quinn Rafa Ravi Rita Rob Rosa Ruth Sam Sara Sean Sofia Sol Sue Tara Ted Theo Tim Tina Tom Uma Una "
    "Vera Vic Wes Will Yara Yuki Zara Zoe "
)
_ITEMS = (
    "apples balls beads bells books bottles bowls boxes buttons cakes candles cards coins cookies crayons "
    "cups dolls eggs feathers flowers forks games hats jars keys kites lamps leaves lemons letters "
    "magnets maps marbles masks medals mugs nuts pears pencils pens photos pins plates plums poems "
    "puzzles ribbons rings rocks roses ropes seeds shells shirts shoes songs spoons stamps stars stickers "
    "stones tapes tickets tools toys trees tulips vases "
)
NAMES, ITEMS = _NAMES.split(), _ITEMS.split()
_CLUSTERS = ("br", "ch", "cl", "dr", "fr", "gr", "kr", "pl", "sh", "st", "th", "tr")
_CONSONANTS = (*"bcdfghjklmnprstvwz", *_CLUSTERS)
_VOWELS = (*"aeiou", "ai", "ea", "ee", "ia", "oo", "ou")


def name_of(rng: random.Random) -> str:
    """A capitalised word: mostly a known name, one in four made up."""
    return rng.choice(NAMES) if rng.random() < 0.75 else _made_up(rng).capitalize()


def item(rng: random.Random) -> str:
    """A lower-case plural: mostly a known item, one in five made up."""
    return rng.choice(ITEMS) if rng.random() < 0.8 else _made_up(rng) + "s"


def _made_up(rng: random.Random) -> str:
    syllables = rng.choice((1, 2, 2, 2, 3))
    word = "".join(rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(syllables))
    return word + (rng.choice("lnrstm") if rng.random() < 0.5 else "")
