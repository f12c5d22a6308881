"""`python app.py bench NAME`: what this machine does, measured now and printed as it comes."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from app.command_line import DONE
from engine.errors import BadInput
from engine.lab.tiers import Measured


def run(arguments: Namespace) -> int:
    """Measure and print. Raises BadInput for an unknown name."""
    if arguments.name not in BENCHMARKS:
        raise BadInput(f"There is no benchmark “{arguments.name}”; there is {', '.join(BENCHMARKS)}.")
    BENCHMARKS[arguments.name](arguments)
    return DONE


def decoding(arguments: Namespace) -> None:
    """Decoding against its peers, and against itself without its parts: ratios."""
    from engine.bench import decoding, machine

    found = []
    for case in decoding.cases(extra=_live):
        found.append(case)
        line = f"{case.name:48} {case.ratio:7.2f}  ({case.low:.2f} to {case.high:.2f})  {case.meaning}"
        print(line, file=sys.stderr if arguments.json else sys.stdout, flush=True)
    if arguments.json:
        print(
            json.dumps({"cases": [asdict(case) for case in found], "machine": machine.describe()}, indent=2)
        )


def clients(arguments: Namespace) -> None:
    """Thirty clients on one server: how soon each sees something, and whether anything fails."""
    from app import client_load
    from engine.bench import machine

    seconds = client_load.SECONDS if arguments.minutes is None else 60 * arguments.minutes
    if seconds <= 0:
        raise BadInput("--minutes must be more than 0.")
    found = client_load.measure(seconds=seconds)
    if arguments.json:
        print(json.dumps(found.as_json() | {"machine": machine.describe()}, indent=2))
        return
    print(f"{found.clients} clients, {found.calls} runs in {found.seconds:g} s, {found.errors} errors")
    print(f"first update  p50 {found.first_p50_seconds:.2f} s   p95 {found.first_p95_seconds:.2f} s")
    print(f"whole run     p50 {found.whole_p50_seconds:.2f} s   p95 {found.whole_p95_seconds:.2f} s")
    print(f"fairness (Jain, over the clients' mean seconds)  {found.fairness:.3f}")
    if found.first_error:
        print(f"the first error: {found.first_error}")


def claims(arguments: Namespace) -> None:
    """The field's claims on the bundled models: tables, figures, and what is shipped of them."""
    from app.claims import command

    report = command.run(arguments)
    if arguments.json:
        print(report)


def tiers(arguments: Namespace) -> None:
    """What the quality tiers are chosen from: every candidate on one mixed set; kept in app/tiers.json."""
    from app import tiers as kept
    from engine.bench import machine
    from engine.bench import tiers as bench

    each = bench.PROBLEMS if arguments.problems is None else arguments.problems
    if not 1 <= each <= 1000:
        raise BadInput("--problems must be from 1 to 1,000 of each kind.")
    bench.weights(arguments.model)  # a model that has none should fail before work begins
    words = sys.stderr if arguments.json else sys.stdout

    def tell(one: Measured) -> None:
        share = one.accuracy
        print(
            f"{one.strategy:22} {_params(one):28} {share.value:6.1%} ({share.low:.0%} to {share.high:.0%})"
            f"  {one.tokens.mean:7,.0f} tokens  {one.tokens_per_second:7,.0f} a second alone",
            file=words, flush=True,
        )  # fmt: skip

    candidates = bench.measure(arguments.model, each, tell=tell)
    found = kept.keep(arguments.model, candidates, machine.describe())
    for name, tier in found.tiers.items():
        print(f"{name:9} {tier.strategy} {_params(tier)}, {tier.max_tokens:,} tokens", file=words)
    if arguments.json:
        print(json.dumps(json.loads(kept.FILE.read_text(encoding="utf-8"))[arguments.model], indent=1))


def prediction(arguments: Namespace) -> None:
    """Fifty runs over all strategies: tokens and seconds foretold, held against what they took."""
    from engine.bench import machine
    from engine.bench import prediction as bench

    words = sys.stderr if arguments.json else sys.stdout
    found = []
    for one in bench.outcomes(model=arguments.model):
        found.append(one)
        seconds = "      –" if one.expected_seconds is None else f"{one.expected_seconds:7.2f}"
        print(
            f"{one.strategy:22} {one.task or 'free text':12} {one.budget:>12}  "
            f"{one.expected_tokens:6,} foretold, "
            f"{one.tokens:6,} taken {'✓' if one.has_tokens else '✗'}  {seconds} s, {one.seconds:6.2f} s "
            f"{'✓' if one.has_seconds else '✗'}",
            file=words, flush=True,
        )  # fmt: skip
    shares = bench.shares(found)
    print(
        f"tokens within {bench.TOKENS_WITHIN:.0%}: {shares.tokens:.0%} of {len(found)} runs; "
        f"seconds within {bench.SECONDS_WITHIN:.0%}: {shares.seconds:.0%} (promised: {bench.SHARE:.0%}). "
        f"The same run made again at once took as long as before, within {bench.SECONDS_WITHIN:.0%}, "
        f"{shares.steady:.0%} of the time: about what any forecast could reach on this machine.",
        file=words,
    )
    if arguments.json:
        runs = [asdict(one) | {"has_tokens": one.has_tokens, "has_seconds": one.has_seconds} for one in found]
        told = asdict(shares) | {"promised": bench.SHARE}
        print(json.dumps({"shares": told, "runs": runs, "machine": machine.describe()}, indent=2))


def _params(one: Measured) -> str:
    return " ".join(f"{name}={value}" for name, value in one.params.items())


def _live() -> Iterator[Any]:
    from app.live_cost import case

    yield case()


BENCHMARKS = {
    "decoding": decoding,
    "clients": clients,
    "tiers": tiers,
    "claims": claims,
    "prediction": prediction,
}
