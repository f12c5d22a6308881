"""`python app.py reselect RUN`: another rule's choice from a stored run; nothing is generated or changed."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from app.command_line import DONE
from engine.reselection import Reselection, reselect
from engine.runs import Run
from storage.store import Store


def run(arguments: Namespace) -> int:
    """Choose again and print it. Raises RunNotFound or BadInput."""
    store = Store()
    try:
        stored = store.load(arguments.run)
    finally:
        store.close()
    found = reselect(stored, arguments.select, arguments.aggregate, arguments.scorer)
    if arguments.json:
        print(json.dumps(record(stored, found)))
    else:
        show(stored, found)
    return DONE


def record(stored: Run, found: Reselection) -> dict[str, Any]:
    """The choice as plain JSON values, beside what the run itself had answered."""
    return {
        "run": stored.id,
        "select": found.select,
        "aggregate": found.aggregate,
        "scorer": found.scorer,
        "answer": found.answer,
        "answer_node": found.node.id,
        "is_correct": found.is_correct,
        "reason": found.reason,
        "note": found.note,
        "was": {
            "answer": stored.answer,
            "answer_node": None if stored.answer_node is None else stored.answer_node.id,
            "is_correct": stored.is_correct,
        },
        "candidates": [
            {
                "node": candidate.node.id,
                "answer": candidate.answer,
                "score": candidate.score,
                "is_correct": candidate.is_correct,
                "unscored_steps": candidate.unscored_steps,
            }
            for candidate in found.candidates
        ],
    }


def show(stored: Run, found: Reselection) -> None:
    """The choice for a person: each answer with its votes and scores, the chosen one marked."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from app.commands.report import VERDICTS

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("", "answer"):
        table.add_column(title, overflow="fold")
    for title in ("votes", "summed score", "best score"):
        table.add_column(title, justify="right")
    for answer in dict.fromkeys(candidate.answer for candidate in found.candidates):
        own = [candidate for candidate in found.candidates if candidate.answer == answer]
        scores = [candidate.score for candidate in own if candidate.score is not None]
        sign, style, _ = VERDICTS[own[0].is_correct]
        table.add_row(
            Text(sign, style=style),
            Text(
                answer if answer is not None else "no answer", style="bold" if answer == found.answer else ""
            ),
            str(len(own)),
            f"{sum(scores):.2f}" if scores else "",
            f"{max(scores):.2f}" if scores else "",
        )
    console.print(table)
    sign, style, word = VERDICTS[found.is_correct]
    answer = found.answer if found.answer is not None else "no answer"
    console.print(Text.assemble((f"{sign} ", style), (answer, "bold"), (f"  {word}", "dim")))
    console.print(Text(found.reason, style="dim"))
    if found.note:
        console.print(Text(found.note, style="yellow"))
    if found.answer != stored.answer:
        was = stored.answer if stored.answer is not None else "nothing"
        console.print(Text(f"The run itself answered {was}.", style="dim"))
