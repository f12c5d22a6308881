"""Tests written in Python, run in a process that the program cannot reach.

The program is in a confined process of its own. Here its functions are stand-ins: a call sends the arguments
over as plain data and gets plain data back, made of Python's own types. So a program that ends early, patches
builtins, prints a verdict, or overrides equality does it where no verdict is made; all that it can do for a
test is to give the right values.
"""

from __future__ import annotations

import builtins
import json
import marshal
import os
from typing import Any, BinaryIO

from engine.sandbox.inside import program, values

FILE = "tests.py"
MAX_SHOWN_CHARACTERS = 300


class Ended(BaseException):
    """The program does not answer any more. Not an Exception: a test that expects one is not passed by it."""


class Unsupported(BaseException):
    """The tests ask for what cannot be done across processes: their fault, not the program's."""


class ProgramError(Exception):
    """Stands for an exception of the program that is of no built-in type."""


class Link:
    """The line to the program's process, and what was said on it last."""

    def __init__(self, calls: int, answers: BinaryIO) -> None:
        self.shown_call = self.shown_result = ""
        self.has_ended = False
        self._calls = calls
        self._answers = answers

    def receive(self) -> dict[str, Any]:
        """The next reply. Raises Ended where there is none, or none that makes sense."""
        try:
            line = self._answers.readline(program.MAX_REPLY_CHARACTERS + 2)
            reply = json.loads(line) if line.endswith(b"\n") else None
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            self.has_ended = True
            raise Ended
        return reply

    def ask(self, name: str, positional: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call a function of the program. Raises what it raised."""
        packed = [values.pack(value) for value in positional]
        packed_named = {key: values.pack(value) for key, value in named.items()}
        shown = [*map(_show, positional), *(f"{key}={_show(value)}" for key, value in named.items())]
        self.shown_call, self.shown_result = f"{name}({', '.join(shown)})"[:MAX_SHOWN_CHARACTERS], ""
        if not values.is_plain([packed, *packed_named.values()]):
            raise Unsupported(
                f"the tests call {self.shown_call}: only plain values can be handed to a program"
            )
        frame = marshal.dumps([name, packed, packed_named])
        try:
            _send(self._calls, len(frame).to_bytes(4, "little") + frame)
        except OSError:
            self.has_ended = True
            raise Ended from None
        return self._result(self.receive(), positional)

    def _result(self, reply: dict[str, Any], positional: tuple[Any, ...]) -> Any:
        try:
            if "raised" in reply:
                kind, message = str(reply["raised"]["kind"]), str(reply["raised"]["message"])
                self.shown_result = f"raised {program.in_words(reply['raised'])}"
                error = _error(kind, message)
                self.has_ended = not isinstance(error, Exception)
            else:
                result, error = values.unpack(reply["gave"]), None
                self.shown_result = f"gave {_show(result)}"
                for at, new in reply["changed"]:
                    _change(positional[at], values.unpack(new))
        except (ValueError, TypeError, LookupError, RecursionError):
            self.has_ended = True
            raise Ended from None
        if error is not None:
            raise error
        return result


def run(request: dict[str, Any], link: Link) -> dict[str, Any]:
    """The verdict: {"passed": True}, or what failed and why, or what is wrong with the tests."""
    for expected in ("ready", "loaded"):
        try:
            reply = link.receive()
        except Ended:
            return {"ended": True}
        if "broken" in reply:
            return {"broken": str(reply["broken"])}
        if expected not in reply:
            return {"unloaded": reply.get("raised")}
    space: dict[str, Any] = {"__name__": "tests"}
    try:
        # Helpers that the problem itself defines, and what it imports; its own function is only begun there.
        exec(compile(request["prompt"], "problem.py", "exec", dont_inherit=True), space)  # noqa: S102
    except Exception:  # noqa: BLE001 - a problem in words is no program
        space = {"__name__": "tests"}
    for name in request["names"]:
        space.setdefault(name, _stand_in(link, name))
    candidate = _stand_in(link, request["entry"])
    if request["entry"]:
        space[request["entry"]] = candidate
    space["candidate"] = candidate
    try:
        exec(compile(request["tests"], FILE, "exec", dont_inherit=True), space)  # noqa: S102
        for name in request["functions"]:
            takes = space[name].__code__.co_argcount
            space[name](*[candidate] * min(1, takes))
    except Unsupported as error:
        return {"unsupported": str(error)}
    except BaseException as error:  # noqa: BLE001 - a test fails by raising, whatever it raises
        return {
            "failed": {
                "line": _line(error),
                "call": link.shown_call,
                "result": link.shown_result,
                "error": program.raised(error),
                "ended": link.has_ended,
            }
        }
    # A test may have caught that the program was gone; it has not passed for that.
    return {"ended": True} if link.has_ended else {"passed": True}


def _stand_in(link: Link, name: str) -> Any:
    def function(*positional: Any, **named: Any) -> Any:
        return link.ask(name, positional, named)

    function.__name__ = function.__qualname__ = name or "candidate"
    return function


def _show(value: Any) -> str:
    try:
        return repr(value)[:MAX_SHOWN_CHARACTERS]
    except (ValueError, RecursionError):  # whole numbers of thousands of digits are not written out
        return "a very long value"


def _error(kind: str, message: str) -> BaseException:
    """The exception of that built-in type, to raise here; Ended for those that end a program."""
    known = getattr(builtins, kind, None)
    if not (isinstance(known, type) and issubclass(known, BaseException)):
        return ProgramError(message)
    if not issubclass(known, Exception):
        return Ended()
    try:
        return known(message)
    except TypeError:  # it takes more than a message
        return ProgramError(message)


def _change(argument: Any, new: Any) -> None:
    """Make the test's own argument what the program has made of its copy."""
    if type(argument) is not type(new):
        return
    if isinstance(argument, list | bytearray):
        argument[:] = new
    elif isinstance(argument, dict | set):
        argument.clear()
        argument.update(new)


def _line(error: BaseException) -> int | None:
    """The line of the tests that it came from; the last one, where a test calls another."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _send(to: int, data: bytes) -> None:
    while data:
        data = data[os.write(to, data) :]
