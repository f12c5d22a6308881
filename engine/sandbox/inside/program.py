"""The program that a model wrote: loading it, finding what to call in it, calling it, saying what it did.

Runs in the confined process. What it reports is data that the program could have made up: it is compared
with what is right elsewhere, and nothing here knows what is right.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from engine.sandbox.inside import values

FILE = "program.py"  # what its lines are known by in tracebacks
MAX_MESSAGE_CHARACTERS = 300
MAX_REPLY_CHARACTERS = 64 << 10
TAKES_ANY_NUMBER = 0x04  # of arguments: the flag of *args

Reply = dict[str, Any]


def load(source: str, name: str, preamble: str = "") -> ModuleType:
    """The program as a module, run once. Raises whatever it raises, or SyntaxError.

    The preamble, the problem's own code, comes first; its lines are not counted.
    """
    module = ModuleType(name)
    module.__dict__["__builtins__"] = builtins
    sys.modules[name] = module
    exec(compile(preamble, "problem.py", "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    exec(compile(source, FILE, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - what this is for
    return module


def find(module: ModuleType, name: str) -> Callable[..., Any]:
    """The function of that name, or the last one defined where the name is "". Raises NameError.

    A method of a class Solution counts, as in the exercises that ask for one.
    """
    own = vars(module)
    if name and callable(own.get(name)):
        return own[name]
    holder = own.get("Solution")
    if isinstance(holder, type):
        methods = [key for key, value in vars(holder).items() if isinstance(value, FunctionType)]
        public = [key for key in methods if not key.startswith("_")]
        if name in public or (not name and public):
            return getattr(holder(), name or public[-1])
    if name:
        raise NameError(f"name {name!r} is not defined")
    functions = [
        value
        for value in own.values()
        if isinstance(getattr(value, "__wrapped__", value), FunctionType)
        and value.__module__ == module.__name__
    ]
    if not functions:
        raise NameError("it defines no function")
    return functions[-1]


def arguments(
    function: Callable[..., Any], given: Any, is_spread: bool | None
) -> tuple[list[Any], dict[str, Any]]:
    """How a test's input is handed over: a list as the arguments of a function that takes several.

    `is_spread` says so outright; None leaves it to how many arguments the function takes.
    """
    if is_spread is None:
        plain: Any = getattr(function, "__wrapped__", function)
        code = getattr(plain, "__code__", None)
        if code is None:
            is_spread = True
        else:
            takes = code.co_argcount - hasattr(plain, "__self__")
            is_spread = bool(code.co_flags & TAKES_ANY_NUMBER) or takes != 1
    if is_spread and isinstance(given, list):
        return given, {}
    if is_spread and isinstance(given, dict):
        return [], given
    return [given], {}


def call(function: Callable[..., Any], positional: list[Any], named: dict[str, Any]) -> Reply:
    """What the function gave or raised, and which of its arguments it changed, by place."""
    before = [values.pack(value) for value in positional]
    try:
        gave = values.pack(function(*positional, **named))
        after = [values.pack(value) for value in positional]
    except BaseException as error:  # noqa: BLE001 - whatever a program raises is its result
        return {"raised": raised(error)}
    changed = [[at, new] for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    return {"gave": gave, "changed": changed}


def raised(error: BaseException) -> Reply:
    """An exception as data: its type, the built-in type it extends, its message, the program's line."""
    try:
        message = str(error)[:MAX_MESSAGE_CHARACTERS]
    except BaseException:  # noqa: BLE001 - the message may be a program's work too
        message = ""
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError):
        message = str(error.msg)[:MAX_MESSAGE_CHARACTERS]
    kind = next(base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins")
    return {"type": type(error).__name__, "kind": kind, "message": message, "line": line}


def in_words(raised: Any) -> str:
    """What `raised` gave, as one reads it below a traceback, and the line it came from."""
    if not isinstance(raised, dict):
        return "an exception"
    words = ": ".join(str(raised[part]) for part in ("type", "message") if raised.get(part))
    return f"{words} (line {raised['line']})" if isinstance(raised.get("line"), int) else words


def line_of(reply: Reply) -> bytes:
    """A reply as it is sent: one line, never a long one."""
    text = values.write(reply)
    if len(text) > MAX_REPLY_CHARACTERS:
        text = values.write({"gave": {"opaque": "a result of more than 64 KiB"}, "changed": []})
    return f"{text}\n".encode()
