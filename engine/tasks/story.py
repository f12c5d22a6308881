"""Stories: facts about who has how many, in any order, then a question about one of them.

`Jack has 11 coins. Ben has 5 times as many coins as Jack. How many coins does Ben have?` Difficulty counts
the facts that are needed; others distract. A solution first repeats the needed facts, from the question back
to the plain numbers, one a line; then it works forward: `Ben has 5 * 11 = 55 coins.`
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace

from engine.errors import OutsideFamily
from engine.tasks import numbers
from engine.tasks.problem import Problem, Slip, Solution, lasting, split_turn
from engine.tasks.split import is_test
from engine.tasks.words import item, name_of

name = "story"
title = "Story"
unit = "facts"
difficulties = range(1, 9)
example = "Jack has 11 coins. Ben has 5 times as many coins as Jack. How many coins does Ben have?"

LARGEST = 999
_W = r"[A-Z][A-Za-z'-]*"
_I = r"[a-z][a-z-]*"
_FACTS = (
    ("base", re.compile(rf"^({_W}) has (\d+) ({_I})$")),
    ("times", re.compile(rf"^({_W}) has (\d+) times as many ({_I}) as ({_W})$")),
    ("more", re.compile(rf"^({_W}) has (\d+) more ({_I}) than ({_W})$")),
    ("fewer", re.compile(rf"^({_W}) has (\d+) fewer ({_I}) than ({_W})$")),
    ("sum", re.compile(rf"^({_W}) has as many ({_I}) as ({_W}) and ({_W}) together$")),
)
_QUESTION = re.compile(rf"^How many ({_I}) does ({_W}) have$")
_STEP = re.compile(rf"^({_W}) has (\d+) ([-+*]) (\d+) = (\d+) ({_I})\.$")


@dataclass(frozen=True, slots=True)
class Fact:
    """Who has how many: `number` alone (base), or `number` applied to `others`, or the sum of two others."""

    who: str
    kind: str  # base, times, more, fewer, sum
    number: int
    others: tuple[str, ...] = ()

    def sentence(self, things: str) -> str:
        match self.kind:
            case "base":
                return f"{self.who} has {self.number} {things}."
            case "times":
                return f"{self.who} has {self.number} times as many {things} as {self.others[0]}."
            case "sum":
                return f"{self.who} has as many {things} as {self.others[0]} and {self.others[1]} together."
            case _:
                return f"{self.who} has {self.number} {self.kind} {things} than {self.others[0]}."

    def operation(self, values: dict[str, int]) -> tuple[int, str, int]:
        """The sum to do, in the order the solutions write it."""
        match self.kind:
            case "times":
                return self.number, "*", values[self.others[0]]
            case "more":
                return values[self.others[0]], "+", self.number
            case "fewer":
                return values[self.others[0]], "-", self.number
            case _:
                return values[self.others[0]], "+", values[self.others[1]]


@dataclass(frozen=True, slots=True)
class Story:
    """A story as read: facts by person, the items counted, and the person asked about."""

    facts: dict[str, Fact]
    things: str
    asked: str

    def needed(self) -> list[str]:
        """The people the question depends on, nearest first, each once (breadth first from the question)."""
        order = [self.asked]
        for who in order:
            order += [other for other in self.facts[who].others if other not in order]
        return order

    def values(self) -> dict[str, int]:
        """Everyone's number."""
        known: dict[str, int] = {}
        while len(known) < len(self.facts):
            before = len(known)
            for fact in self.facts.values():
                if fact.who not in known and all(other in known for other in fact.others):
                    known[fact.who] = _value(fact, known)
            if len(known) == before:
                break
        return known


def _value(fact: Fact, known: dict[str, int]) -> int:
    if fact.kind == "base":
        return fact.number
    value = numbers.apply(*fact.operation(known))
    assert value is not None
    return value


def parse(text: str) -> Problem | None:
    text = " ".join(text.split())
    if not re.search(r"\bhow many\b", text, re.IGNORECASE) or not re.search(r"\bhas\b", text):
        return None
    story = _read(text)
    _check_rules(story)
    values = story.values()
    sentences = [part for part in re.split(r"(?<=[.?])\s+", text) if part]
    return Problem(" ".join(sentences), name, str(values[story.asked]), len(story.needed()))


def _read(text: str) -> Story:
    facts: dict[str, Fact] = {}
    asked: str | None = None
    things: set[str] = set()
    for sentence in re.split(r"[.?!]\s*", text):
        if not sentence:
            continue
        if question := _QUESTION.match(sentence):
            things.add(question[1])
            asked = question[2]
            continue
        fact, thing = _read_fact(sentence)
        if fact.who in facts:
            raise OutsideFamily(f"Two sentences say how many {fact.who} has; leave one.")
        facts[fact.who] = fact
        things.add(thing)
    if asked is None:
        raise OutsideFamily("End the story with a question like “How many coins does Ben have?”.")
    if len(things) > 1:
        raise OutsideFamily(f"A story counts one kind of item, not {' and '.join(sorted(things))}.")
    return Story(facts, things.pop(), asked)


def _read_fact(sentence: str) -> tuple[Fact, str]:
    for kind, pattern in _FACTS:
        if not (found := pattern.match(sentence)):
            continue
        groups = found.groups()
        if kind == "base":
            return Fact(groups[0], kind, int(groups[1])), groups[2]
        if kind == "sum":
            return Fact(groups[0], kind, 0, (groups[2], groups[3])), groups[1]
        return Fact(groups[0], kind, int(groups[1]), (groups[3],)), groups[2]
    raise OutsideFamily(
        f"“{sentence[:80]}.” is not a fact the bundled models know, such as “Ben has 4 more coins than Jack.”"
    )


def _check_rules(story: Story) -> None:
    for fact in story.facts.values():
        for other in fact.others:
            if other not in story.facts:
                raise OutsideFamily(f"The story never says how many {story.things} {other} has.")
    if story.asked not in story.facts:
        raise OutsideFamily(f"The story never says how many {story.things} {story.asked} has.")
    values = story.values()
    if len(values) < len(story.facts):
        raise OutsideFamily("The facts go round in a circle; one of them must be a plain number.")
    for who, value in values.items():
        if not 0 <= value <= LARGEST:
            raise OutsideFamily(f"{who} would have {value}; the bundled models know 0 to {LARGEST} only.")
    if len(story.needed()) not in difficulties:
        raise OutsideFamily(
            f"The question needs {len(story.needed())} facts; the bundled models know 1 to 8."
        )


def generate(difficulty: int, rng: random.Random, held_out: bool | None = None) -> Problem:
    while True:
        story, order = _build(difficulty, rng)
        values = story.values()
        if any(not 0 <= value <= LARGEST for value in values.values()) or len(story.needed()) != difficulty:
            continue
        rng.shuffle(order)
        sentences = [story.facts[who].sentence(story.things) for who in order]
        question = f"How many {story.things} does {story.asked} have?"
        problem = Problem(" ".join([*sentences, question]), name, str(values[story.asked]), difficulty)
        if held_out is None or held_out == is_held_out(problem):
            return problem


def _build(difficulty: int, rng: random.Random) -> tuple[Story, list[str]]:
    """A story whose question needs about `difficulty` facts, with zero to three that distract."""
    people: list[str] = []
    while len(people) < difficulty + rng.choice((0, 0, 1, 2, 3)):
        person = name_of(rng)
        if person not in people:
            people.append(person)
    chain, facts, values = people[:difficulty], {}, {}
    for i, who in enumerate(people):
        is_needed = i < difficulty
        earlier = chain[max(0, i - 2) : i] if is_needed else people[:i]
        facts[who] = _fact(who, earlier, values, rng)
        values[who] = _value(facts[who], values)
    return Story(facts, item(rng), chain[-1]), list(people)


def _fact(who: str, earlier: list[str], values: dict[str, int], rng: random.Random) -> Fact:
    if not earlier or rng.random() < 0.1:
        return Fact(who, "base", rng.randint(1, 30 if rng.random() < 0.8 else 99))
    other = earlier[-1] if rng.random() < 0.75 else rng.choice(earlier)
    value = values[other]
    kinds = (
        ["more"] + ["fewer"] * (value > 1) + ["times"] * (value <= 200) + ["sum"] * (2 * (len(earlier) > 1))
    )
    kind = rng.choice(kinds)
    if kind == "sum":
        second = rng.choice([person for person in earlier if person != other])
        pair = (other, second) if rng.random() < 0.5 else (second, other)
        return Fact(who, kind, 0, pair)
    most = {"more": 30, "fewer": min(value - 1, 30), "times": 6}[kind]
    return Fact(
        who, kind, rng.randint(2 if kind == "times" else 1, max(most, 2 if kind == "times" else 1)), (other,)
    )


def is_held_out(problem: Problem) -> bool:
    return is_test(f"{name}:{problem.text}")


def solve(problem: Problem, rng: random.Random, slip: Slip | None = None) -> Solution | None:
    story = _read(problem.text)
    order = story.needed()
    facts = dict(story.facts)
    steps: list[str] = []
    for who in order:
        if slip is not None and facts[who].number:
            facts[who] = replace(facts[who], number=slip(len(steps), facts[who].number))
        steps.append(facts[who].sentence(story.things))
    known = {who: facts[who].number for who in order if facts[who].kind == "base"}
    while len(known) < len(order):
        who = next(w for w in reversed(order) if w not in known and all(o in known for o in facts[w].others))
        a, operator, b = facts[who].operation(known)
        value = numbers.apply(a, operator, b)
        if value is None or not 0 <= value <= LARGEST:
            return None
        known[who] = value if slip is None else slip(len(steps), value)
        steps.append(f"{who} has {a} {operator} {b} = {known[who]} {story.things}.")
    return Solution(tuple(steps), str(known[story.asked]))


def extract(problem: Problem, turn_text: str) -> str | None:
    _, answer = split_turn(turn_text)
    found = re.fullmatch(r"\s*(\d+)\s*\.?\s*", answer or "")
    return str(int(found.group(1))) if found else None


def is_correct(problem: Problem, answer: str) -> bool:
    story = _read(problem.text)
    return answer == str(story.values()[story.asked])


def fault(problem: Problem, answer: str) -> str | None:
    return None if is_correct(problem, answer) else f"{answer} is not what the story says."


def check_steps(problem: Problem, steps: list[str]) -> list[str | None]:
    story = _read(problem.text)
    known: dict[str, int] = {}
    return [_check(story, step, known) for step in steps]


def _check(story: Story, step: str, known: dict[str, int]) -> str | None:
    """What is wrong with one step, if anything; what it claims goes into `known`."""
    worked = _STEP.match(step)
    return _check_worked(story, worked, known) if worked else _check_fact(story, step, known)


def _check_fact(story: Story, step: str, known: dict[str, int]) -> str | None:
    """A fact that is repeated must stand in the story."""
    try:
        said, things = _read_fact(step.removesuffix("."))
    except OutsideFamily:
        return "It is not a step like Ben has 5 * 11 = 55 coins."
    if said.kind == "base":
        known[said.who] = said.number
    fact = story.facts.get(said.who)
    if fact is None:
        return f"The story says nothing about {said.who}."
    is_same = replace(said, others=fact.others) == fact and set(said.others) == set(fact.others)
    return None if is_same and things == story.things else f"The story says: {fact.sentence(story.things)}"


def _check_worked(story: Story, worked: re.Match[str], known: dict[str, int]) -> str | None:
    """A value that is worked out must follow from the story and from what was claimed before."""
    who, claimed = worked[1], int(worked[5])
    values, known[who] = dict(known), claimed
    fact = story.facts.get(who)
    if fact is None:
        return f"The story says nothing about {who}."
    if fact.kind == "base":
        return f"{who} has {fact.number}."
    unknown = [other for other in fact.others if other not in values]
    if unknown:
        return f"How many {unknown[0]} has is not known yet."
    a, operator, b = fact.operation(values)
    stated = (int(worked[2]), worked[3], int(worked[4]))
    if stated != (a, operator, b) and not (operator in "+*" and stated == (b, operator, a)):
        return f"It should be {a} {operator} {b}."
    right = numbers.apply(a, operator, b)
    return None if right == claimed else f"{a} {operator} {b} = {right}, not {claimed}."


def can_succeed(problem: Problem, steps: list[str]) -> list[bool]:
    return lasting(check_steps(problem, steps))
