"""Whether a program passes tests, and the first one that it fails, in words.

Tests are pairs of an input and an output, or Python source. The verdict on pairs is made here: the confined
process is told the inputs only and returns outputs. The verdict on Python tests is made in a confined process
of its own, which the program's process cannot reach; see `inside.judge`. Either way a program passes only by
giving the right values. What does not hold, here or anywhere: a program sees each input, may remember the
earlier ones of the same run, and may change a list that a test hands it, also where the test goes on to
compare with that very list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import ScorerUnavailable
from engine.sandbox import choosing, comparing, python_tests
from engine.sandbox.inside import values
from engine.sandbox.inside.program import in_words
from engine.sandbox.levels import Level
from engine.sandbox.limits import Limits
from engine.sandbox.running import Outcome, call_program, judge_program, run_program

MAX_CHARACTERS = 500  # of what is said about a failure
MAX_VALUE_CHARACTERS = 160
FUNCTION = re.compile(r"\bdef |\blambda\b")
READS_INPUT = re.compile(r"\binput\s*\(|\bstdin\b|\bopen\(0\)")

Pairs = Sequence[Sequence[Any]]  # [input, output] each
Tests = Pairs | str


@dataclass(frozen=True, slots=True)
class Report:
    """`failure` is None where all passed, else one sentence on the first that did not.

    `passed` of `total`: how many passed before it; Python tests are one.
    """

    passed: int
    total: int
    failure: str | None


def run_tests(
    program: str,
    tests: Tests,
    *,
    entry: str = "",
    prompt: str = "",
    preamble: str = "",
    is_spread: bool | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    level: Level | None = None,
) -> Report:
    """Run the tests on a program at the level of this machine, or at the one given.

    `entry` is the function asked for; where it is "", pairs are the input and the output of a program that
    reads and prints, if it is one, and otherwise for its last function. `prompt` is the problem's code:
    Python tests see what it defines; the program sees its `preamble`. `is_spread` says whether an input holds
    the arguments. No pairs at all are passed by a program that can be loaded. Raises ScorerUnavailable
    where programs are not run, or the tests are at fault; BadInput for Python tests that cannot be read.
    """
    level = level or choosing.level()
    if isinstance(tests, str):
        failure = _failure_of_python(program, tests, entry, prompt, preamble, level, limits)
        return Report(int(failure is None), 1, failure)
    if not entry and is_script(program) and all(isinstance(v, str | int | float) for p in tests for v in p):
        return _scripts(program, [(str(given), str(expected)) for given, expected in tests], level, limits)
    return _calls(program, tests, entry, is_spread, preamble, level, limits)


def is_about_texts(tests: Pairs) -> bool:
    """Whether every input and output is a text, as those of a program that reads and prints are."""
    return all(isinstance(value, str) for pair in tests for value in pair)


def is_script(program: str) -> bool:
    """Whether it seems to read its input, or defines no function. Not parsed: it may break parsers."""
    return READS_INPUT.search(program) is not None or FUNCTION.search(program) is None


def clean(text: str, most: int = MAX_CHARACTERS) -> str:
    """One line of printable characters, at most so long: a program may have written it."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


# ---- pairs -----------------------------------------------------------------------------------------------


def _calls(
    program: str,
    tests: Pairs,
    entry: str,
    is_spread: bool | None,
    preamble: str,
    level: Level,
    limits: Limits,
) -> Report:
    """All inputs in one process, the outputs compared here."""
    inputs = [given for given, _ in tests]
    outcome = call_program(program, entry, inputs, level, limits, is_spread=is_spread, preamble=preamble)
    loaded, results = outcome.replies[1:2], outcome.replies[2:]
    if not loaded or "loaded" not in loaded[0]:
        return Report(0, len(tests), _why_not_loaded(loaded[0] if loaded else {}, outcome, limits))
    for at, (given, expected) in enumerate(tests):
        call = f"{entry or 'the function'}({_arguments(given, is_spread)})"
        if at >= len(results):
            failure = f"In {call} the program {outcome.how_it_ended(limits)}; expected {_show(expected)}."
        else:
            failure = _why_wrong(call, results[at], expected)
        if failure:
            return Report(at, len(tests), clean(f"Test {at + 1}: {failure}"))
    return Report(len(tests), len(tests), None)


def _why_wrong(call: str, reply: dict[str, Any], expected: Any) -> str | None:
    if "raised" in reply:
        return f"{call} raised {in_words(reply['raised'])}; expected {_show(expected)}."
    try:
        got = values.unpack(reply["gave"])
    except (ValueError, TypeError, LookupError, RecursionError):
        return f"{call} gave no value that can be read; expected {_show(expected)}."
    if comparing.are_equal(expected, got):
        return None
    return f"{call} gave {_show(got)}; expected {_show(expected)}."


def _scripts(program: str, tests: Pairs, level: Level, limits: Limits) -> Report:
    """One process for each input, until one fails."""
    for at, (given, expected) in enumerate(tests):
        outcome = run_program(program, level, limits, stdin=given)
        end = outcome.replies[-1]
        if "raised" in end:
            what = f"the program raised {in_words(end['raised'])}"
        elif "ended" not in end:
            what = f"the program {outcome.how_it_ended(limits)}"
        elif not comparing.are_equal_texts(expected, outcome.output):
            what = f"the program printed {_show(outcome.output.strip())}"
        else:
            continue
        failure = f"Test {at + 1}: with the input {_show(given)} {what}; expected {_show(expected.strip())}."
        return Report(at, len(tests), clean(failure))
    return Report(len(tests), len(tests), None)


# ---- Python ----------------------------------------------------------------------------------------------


def _failure_of_python(
    program: str, source: str, entry: str, prompt: str, preamble: str, level: Level, limits: Limits
) -> str | None:
    tests = python_tests.read(source)
    request = {
        "tests": source,
        "prompt": prompt,
        "entry": entry,
        "names": list(tests.names),
        "functions": list(tests.functions),
    }
    outcome, judging, verdict = judge_program(program, request, level, limits, preamble=preamble)
    if verdict is None:
        if judging.stopped == "time" or outcome.stopped:
            return clean(f"The program {outcome.how_it_ended(limits)}.")
        raise ScorerUnavailable(f"The tests themselves failed: their process {judging.how_it_ended(limits)}.")
    match verdict:
        case {"passed": True}:
            return None
        case {"unsupported": why}:
            raise ScorerUnavailable(f"The tests cannot be run: {clean(str(why))}.")
        case {"unloaded": raised}:
            return _why_not_loaded({"raised": raised}, outcome, limits)
        case {"failed": failed}:
            return clean(_why_failed(failed, tests, entry, outcome, limits))
        case _:
            return clean(f"The program {outcome.how_it_ended(limits)}.")


def _why_failed(
    failed: dict[str, Any], tests: python_tests.PythonTests, entry: str, outcome: Outcome, limits: Limits
) -> str:
    statement = tests.statement(failed["line"])
    call, result, error = failed["call"], failed["result"], failed["error"]
    if entry:
        statement = statement.replace(python_tests.CANDIDATE, entry)
    says = f" The test: {clean(statement, MAX_VALUE_CHARACTERS)}" if statement else ""
    if failed["ended"]:
        return f"In {call} the program {outcome.how_it_ended(limits)}.{says}"
    if not call:
        return f"The test raised {in_words(error)}.{says}"
    if error["type"] == "AssertionError" or result.startswith("raised "):
        return f"{call} {result}.{says}"
    return f"{call} {result}, for which the test raised {in_words(error)}.{says}"


# ---- words -----------------------------------------------------------------------------------------------


def _why_not_loaded(reply: dict[str, Any], outcome: Outcome, limits: Limits) -> str:
    if isinstance(reply.get("raised"), dict):
        return clean(f"The program raised {in_words(reply['raised'])} before any test.")
    return clean(f"The program {outcome.how_it_ended(limits)} before any test.")


def _arguments(given: Any, is_spread: bool | None) -> str:
    if isinstance(given, list) and is_spread:
        return ", ".join(map(_show, given))
    return _show(given)


def _show(value: Any) -> str:
    try:
        return clean(repr(value), MAX_VALUE_CHARACTERS)
    except (ValueError, RecursionError):  # whole numbers of thousands of digits are not written out
        return "a very long value"
