"""The confined process's first and last lines: read the request, give up all rights, run, reply.

Started by `engine.sandbox.starting` as `python -I -S -B child.py REQUEST REPLY`, two open descriptors. The
request is marshalled by Ponder; replies are lines of JSON. A process that cannot be confined runs nothing: it
says {"broken": why} and ends.
"""

from __future__ import annotations

import sys

ROOT = __file__.rpartition("/engine/sandbox/inside/")[0]
sys.path.insert(0, ROOT)

import marshal  # noqa: E402
import os  # noqa: E402
from typing import Any  # noqa: E402

from engine.sandbox.inside import confining, program, values  # noqa: E402

BROKEN = 97


def main() -> None:
    request_from, reply_to = int(sys.argv[1]), int(sys.argv[2])
    with open(request_from, "rb") as file:
        request: dict[str, Any] = marshal.load(file)  # noqa: S302 - written by Ponder itself
    reply = _replier(reply_to)
    judge = None
    if request["mode"] == "judge":
        from engine.sandbox.inside import judge  # before the confinement: it is not visible from inside
    sys.path.remove(ROOT)
    try:
        confining.confine(request["confinement"])
    except OSError as error:
        reply({"broken": str(error)})
        os._exit(BROKEN)
    reply({"ready": True})
    match request["mode"]:
        case "script":
            _script(request, reply)
        case "call":
            _call(request, reply)
        case "serve":
            _serve(request, reply)
        case "judge":
            assert judge is not None
            with open(request["answers"], "rb") as answers:
                reply(judge.run(request, judge.Link(request["calls"], answers)))
    os._exit(0)  # whatever threads or hooks the program left behind


def _replier(to: int) -> Any:
    """A function that sends one reply. A program may close the descriptor: then there are no more replies."""

    def reply(message: dict[str, Any]) -> None:
        data = program.line_of(message)
        try:
            while data:
                data = data[os.write(to, data) :]
        except OSError:
            os._exit(1)

    return reply


def _script(request: dict[str, Any], reply: Any) -> None:
    """Run the program as a script; its output is what it prints."""
    try:
        program.load(request["source"], "__main__")
        if "threading" in sys.modules:  # Python waits for threads before it ends
            sys.modules["threading"]._shutdown()
        end: dict[str, Any] = {"ended": True}
    except SystemExit:
        end = {"ended": True}
    except BaseException as error:  # noqa: BLE001 - whatever a program raises is its result
        end = {"raised": program.raised(error)}
    try:  # noqa: SIM105 - contextlib takes time to import
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        pass
    reply(end)


def _load(request: dict[str, Any], reply: Any) -> Any:
    try:
        module = program.load(request["source"], "program", request["preamble"])
    except BaseException as error:  # noqa: BLE001
        reply({"raised": program.raised(error)})
        return None
    reply({"loaded": True})
    return module


def _call(request: dict[str, Any], reply: Any) -> None:
    """Call one function with each input in turn."""
    module = _load(request, reply)
    if module is None:
        return
    for given in request["inputs"]:
        try:
            function = program.find(module, request["entry"])
            positional, named = program.arguments(function, given, request["is_spread"])
        except BaseException as error:  # noqa: BLE001
            reply({"raised": program.raised(error)})
            return
        reply(program.call(function, positional, named))


def _serve(request: dict[str, Any], reply: Any) -> None:
    """Answer the calls that the tests make from their own process, until they end."""
    module = _load(request, reply)
    if module is None:
        return
    with open(request["calls"], "rb") as calls:
        while head := calls.read(4):
            name, positional, named = marshal.loads(calls.read(int.from_bytes(head, "little")))  # noqa: S302
            try:
                function = program.find(module, name)
            except BaseException as error:  # noqa: BLE001
                reply({"raised": program.raised(error)})
                continue
            arguments = [values.unpack(value) for value in positional]
            reply(program.call(function, arguments, {key: values.unpack(v) for key, v in named.items()}))


if __name__ == "__main__":
    main()
