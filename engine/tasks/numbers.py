"""Exact arithmetic on small expressions, shared by the families that compute.

Knows how to read `( ) + - * /` over whole numbers into a tree and to evaluate it exactly. Never calls
`eval`; division must be exact. Does not know any family's rules about ranges.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from engine import syntax

OPERATORS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}
MAX_LENGTH = 400  # characters of an expression that will be read at all


@dataclass(frozen=True, slots=True)
class Operation:
    """`left operator right`, each side a number or another operation."""

    left: Expression
    operator: str
    right: Expression


Expression = int | Operation


def tidy(text: str) -> str:
    """Typographic operators as plain ones, runs of white space as one space."""
    for fancy, plain in (("×", "*"), ("·", "*"), ("÷", "/"), ("−", "-"), ("–", "-")):
        text = text.replace(fancy, plain)
    return " ".join(text.split())


def read(text: str) -> Expression | None:
    """The expression that `text` states, or None if it is anything else."""
    if len(text) > MAX_LENGTH:
        return None
    try:
        expression = syntax.expression(tidy(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _from_ast(expression)


def _from_ast(node: ast.expr) -> Expression | None:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = _from_ast(node.left), _from_ast(node.right)
        if left is not None and right is not None:
            return Operation(left, OPERATORS[type(node.op)], right)
    return None


def apply(a: int, operator: str, b: int) -> int | None:
    """`a operator b` where it is a whole number, else None (division by zero or not exact)."""
    match operator:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case _:
            return a // b if b and a % b == 0 else None


def evaluate(expression: Expression) -> Fraction | None:
    """The exact value, or None where something is divided by zero."""
    if isinstance(expression, int):
        return Fraction(expression)
    left, right = evaluate(expression.left), evaluate(expression.right)
    if left is None or right is None or (expression.operator == "/" and right == 0):
        return None
    match expression.operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right


def operations(expression: Expression) -> Iterator[Operation]:
    """Every operation, innermost first, left before right: the order a person computes them in."""
    if isinstance(expression, Operation):
        yield from operations(expression.left)
        yield from operations(expression.right)
        yield expression


def leaves(expression: Expression) -> list[int]:
    """The numbers as written, left to right."""
    if isinstance(expression, int):
        return [expression]
    return leaves(expression.left) + leaves(expression.right)


def write(expression: Expression) -> str:
    """The expression with the fewest parentheses that keep its meaning and its shape."""
    if isinstance(expression, int):
        return str(expression)
    rank = PRECEDENCE[expression.operator]
    left, right = write(expression.left), write(expression.right)
    if isinstance(expression.left, Operation) and PRECEDENCE[expression.left.operator] < rank:
        left = f"({left})"
    if isinstance(expression.right, Operation) and PRECEDENCE[expression.right.operator] <= rank:
        right = f"({right})"
    return f"{left} {expression.operator} {right}"
