"""Final answers: find them in what a model said, compare them, group them.

Knows three ways: a problem of a bundled family is asked of its task; a program is found by `tasks.code` and
run on its tests; free text is searched for the usual marks (\\boxed{}, "####", "the answer is") and compared
by normalised string, then as numbers, then by math-verify.
Does not know models, trees or scores.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal
from fractions import Fraction

from engine import equality
from engine.backends.protocol import Profile
from engine.tasks import FAMILIES, code, is_program
from engine.tasks.problem import Problem

MAX_ANSWER_CHARS = 500
THINK_END = "</think>"  # how the families' own grammar ends the thinking

EXACT = Context(prec=200)

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+)?|-?\.\d+")
HASHES = re.compile(r"^\s*####\s*(.+?)\s*$", re.MULTILINE)
ANSWER_LINE = re.compile(r"^\s*(?:final answer|answer|A)\s*:\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
ANSWER_IS = re.compile(r"\banswer\s+is\s*:?\s*(.+?)(?:\.(?=\s|$)|\n|$)", re.IGNORECASE)
WRAPPERS = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox|operatorname)\s*\{([^{}]*)\}")


def extract(problem: Problem, turn_text: str, profile: Profile, thinking: bool | None = None) -> str | None:
    """The canonical final answer in an assistant's turn, or None if it gives none.

    `thinking` is how the turn was opened: False says that all of it is answer. Of free text only what follows
    the profile's end of thinking counts. A general model's answer to a family problem is taken from its box,
    or found as in free text, and then read by the family.
    """
    said = turn_text.rpartition(profile.think_close)[2] if profile.think_close else turn_text
    if is_program(problem):
        return code.extract(problem, said)
    if problem.task is None:
        return extract_text(said)
    task = FAMILIES[problem.task]
    if thinking is False and THINK_END not in turn_text:
        turn_text = f"{THINK_END} {said}"
    boxed = None if profile.is_bundled else last_boxed(said)
    if boxed is None and (profile.is_bundled or THINK_END in turn_text):
        return task.extract(problem, turn_text)
    found = boxed if boxed is not None else extract_text(said)
    return None if found is None else task.extract(problem, f"{THINK_END} {found}")


def extract_text(text: str) -> str | None:
    """The canonical final answer in free text, or None.

    The last balanced box, else "#### x", else "answer: x" or "answer is x", else the last number. Within
    each kind the last one wins, since models correct themselves.
    """
    found = last_boxed(text)
    if found is None:
        for mark in (HASHES, ANSWER_LINE, ANSWER_IS):
            if matches := mark.findall(text):
                found = _first_number_or_all(matches[-1])
                break
    if found is None:
        numbers = NUMBER.findall(text)
        found = numbers[-1] if numbers else None
    if found is None:
        return None
    return canonical(found)[:MAX_ANSWER_CHARS] or None


def last_boxed(text: str) -> str | None:
    """The content of the last \\boxed{…} whose braces balance, or None.

    Taken by hand because a parser that sees two boxes reads them as a set.
    """
    end = len(text)
    while (start := text.rfind("\\boxed{", 0, end)) >= 0:
        depth = 0
        for i in range(start + len("\\boxed"), len(text)):
            depth += {"{": 1, "}": -1}.get(text[i], 0)
            if depth == 0:
                return text[start + len("\\boxed{") : i]
        end = start
    return None


def canonical(answer: str) -> str:
    """One spelling for equal strings and equal plain numbers: no units of money, no thousands commas."""
    text = answer.strip().strip("$").strip()
    while (plain := WRAPPERS.sub(r"\1", text)) != text:
        text = plain
    for old, new in (("\\left", ""), ("\\right", ""), ("\\!", ""), ("\\,", " "), ("\\;", " "), ("\\$", "$")):
        text = text.replace(old, new)
    text = re.sub(r"\\[dt]frac", r"\\frac", text)
    text = " ".join(text.split()).rstrip(".").strip()
    number = as_number(text)
    return text if number is None else _spell(number)


def as_number(text: str) -> Fraction | None:
    """The value of a plain number ("70,000", "$18.50", "3/4", "10\\%" as 10), or None."""
    plain = text.strip().strip("$").strip().removesuffix("%").removesuffix("\\").strip()
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain)
    fraction = re.fullmatch(r"(-?)\\frac\{(-?\d+)\}\{(\d+)\}", plain)
    if fraction:
        plain = f"{fraction[1]}{fraction[2]}/{fraction[3]}"
    if len(plain) > 60 or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(\s*/\s*\d+)?", plain):
        return None
    numerator, _, denominator = plain.partition("/")
    if denominator and int(denominator) == 0:
        return None
    return Fraction(numerator.strip().rstrip(".")) / (int(denominator) if denominator else 1)


def are_equal(expected: str, answer: str) -> bool:
    """Whether a free-text answer equals the expected one. Strings and numbers first, then math-verify.

    math-verify's word is not symmetric: the expected answer goes first. Where it finds no maths, fails or
    takes too long, the answers count as different.
    """
    left, right = canonical(expected), canonical(answer)
    if left == right or left.casefold() == right.casefold():
        return True
    numbers = as_number(left), as_number(right)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0] == numbers[1]
    return equality.is_equal(left, right)


def is_correct(problem: Problem, answer: str | None) -> bool | None:
    """Whether an answer is right; None where no truth is known. No answer is wrong where one is known.

    A program is run, in the sandbox; raises ScorerUnavailable where that cannot be.
    """
    if is_program(problem):
        return answer is not None and code.is_correct(problem, answer)
    if problem.task is not None:
        return answer is not None and FAMILIES[problem.task].is_correct(problem, answer)
    if problem.expected is None:
        return None
    return answer is not None and are_equal(problem.expected, answer)


def has_truth(problem: Problem) -> bool:
    """Whether `is_correct` can judge answers to this problem."""
    return problem.task is not None or problem.expected is not None


def group(problem: Problem | None, answers: Sequence[str]) -> list[list[int]]:
    """Indices of equal answers, grouped; groups and members in the order first seen.

    Equal strings are one group at no cost; only the groups' first members are compared with each other, and
    not at all for a bundled family, whose answers are canonical already.
    """
    by_text: dict[str, list[int]] = {}
    for index, answer in enumerate(answers):
        by_text.setdefault(answer, []).append(index)
    if problem is not None and problem.task is not None:
        return list(by_text.values())
    groups: list[tuple[str, list[int]]] = []
    for text, members in by_text.items():
        for first, known in groups:
            if are_equal(first, text):
                known.extend(members)
                break
        else:
            groups.append((text, list(members)))
    return [sorted(members) for _, members in groups]


def _spell(number: Fraction) -> str:
    """An exact spelling: whole, decimal where it ends, else a fraction in lowest terms."""
    rest = number.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    if number.denominator == 1 or rest != 1:
        return str(number)
    digits = 0
    while (number * 10**digits).denominator != 1:
        digits += 1
    return f"{Decimal(int(number * 10**digits)).scaleb(-digits, EXACT):f}"


def _first_number_or_all(phrase: str) -> str:
    """In "18 dollars per day" the number; in "x = \\frac{1}{2}" or "Paris" the phrase as it is."""
    if "\\" in phrase or "=" in phrase or "^" in phrase:
        return phrase
    numbers = NUMBER.findall(phrase)
    return numbers[-1] if numbers else phrase
