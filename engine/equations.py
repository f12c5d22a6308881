"""Equations that a text states, such as “17 + 5 = 23”, and which of them do not hold.

Knows plain numbers with + - * / and parentheses, and the signs people write for them. Does not know what the
text is about: it finds slips in arithmetic, not in reasoning. Nothing is evaluated but the parsed numbers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from engine import syntax

MAX_CHARACTERS = 200  # of one equation's left side; longer ones are passed over

_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,5}|\d{1,18})(?:\.\d{1,15})?"
_LEFT = rf"\(* ?-?{_NUMBER} ?\)*(?: ?[-+*/] ?\(* ?{_NUMBER} ?\)*)+"
_BEFORE = (
    r"(?<![\w.)%=*/+^√-])(?<![*/+=^-] )"  # the left side is whole: nothing it belongs to stands before it
)
_AFTER = r"(?![\w%(:^]|\.\d| ?[-+*/^] ?[\d(]| \d)"  # and so is the right one
_EQUATION = re.compile(rf"{_BEFORE}({_LEFT}) ?= ?(-?{_NUMBER}){_AFTER}")
_FUNCTIONS = re.compile(r"\b(of|log|ln|sqrt|sin|cos|tan|mod) $", re.IGNORECASE)  # of what follows them
_REMAINDER = re.compile(r" ?(r|rem|remainder)\b", re.IGNORECASE)
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "$": None, "€": None, "£": None})
_COMMANDS = re.compile(r"\\(?:(times|cdot|div)\b|[()\[\]])")  # of LaTeX
_NAMES = {"times": "*", "cdot": "*", "div": "/"}


@dataclass(frozen=True, slots=True)
class Equation:
    """One stated equation: its sides as written, and what the left one really comes to."""

    left: str
    right: str
    value: Fraction

    @property
    def holds(self) -> bool:
        """Whether the right side is the value, to as many decimals as it is written with."""
        _, _, decimals = self.right.partition(".")
        claimed = Fraction(self.right.replace(",", ""))
        return abs(claimed - self.value) <= (Fraction(1, 2 * 10 ** len(decimals)) if decimals else 0)

    @property
    def fault(self) -> str:
        """What is wrong with it, in one sentence; only where it does not hold."""
        value = self.value
        right = str(value) if value.denominator == 1 else f"{float(value):.6g}"
        return f"{self.left} = {right}, not {self.right}."


def stated(text: str) -> Iterator[Equation]:
    """Every equation of the text that can be read, in order."""
    for line in text.splitlines():
        line = _COMMANDS.sub(lambda found: _NAMES.get(found[1], " "), line).translate(_SIGNS)
        line = re.sub(r"\s+", " ", line)
        for found in _EQUATION.finditer(line):
            if _FUNCTIONS.search(line, 0, found.start()) or _REMAINDER.match(line, found.end()):
                continue
            left = found[1].strip()
            while left.startswith("(") and left.count("(") > left.count(")"):  # what is said in brackets
                left = left[1:].lstrip()
            value = _value(left)
            if value is not None:
                yield Equation(left, found[2], value)


def _value(expression: str) -> Fraction | None:
    """The exact value, None where it has none or is not understood."""
    if len(expression) > MAX_CHARACTERS:
        return None
    try:
        return _evaluate(syntax.expression(expression.replace(",", "")))
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError):
        return None


def _evaluate(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(value=int() | float()):
            return Fraction(str(node.value))
        case ast.UnaryOp(op=ast.USub()):
            return -_evaluate(node.operand)
        case ast.BinOp():
            left, right = _evaluate(node.left), _evaluate(node.right)
            match node.op:
                case ast.Add():
                    return left + right
                case ast.Sub():
                    return left - right
                case ast.Mult():
                    return left * right
                case ast.Div():
                    return left / right
    raise ValueError("not plain arithmetic")
