"""One run for a person at a terminal: the answer, how it was reached, what it cost."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.runs import Run

VERDICTS = {
    True: ("✓", "bold green", "right"),
    False: ("✗", "bold red", "wrong"),
    None: ("?", "bold", "unknown"),
}


def show_run(run: Run) -> None:
    """Print the chosen path with its scores, the answer with its verdict, and the cost."""
    console = Console(highlight=False)
    if run.answer_node is not None:
        console.print(_path(run))
    sign, style, word = VERDICTS[run.is_correct]
    answer = run.answer if run.answer is not None else "no answer"
    console.print(Text.assemble((f"{sign} ", style), (answer, "bold"), (f"  {word}", "dim")))
    console.print(Text(_cost(run), style="dim"))
    if run.status != "finished":
        console.print(Text(f"{run.status}: {run.status_reason}", style="yellow"))
    console.print(Text(f"run {run.id}", style="dim"))


def _path(run: Run) -> Table:
    assert run.answer_node is not None
    path = run.answer_node.path()
    scorers = list(dict.fromkeys(name for node in path for name in node.scores))
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(Text(path[0].text, style="bold"), overflow="fold", header_style="")
    for name in scorers:
        table.add_column(name.replace("_", " "), justify="right")
    for node in path[1:]:
        said = " ".join(
            part for part in (node.instruction and f"[{node.instruction}]", node.text.strip()) if part
        )
        scores = [f"{node.scores[name]:.2f}" if name in node.scores else "" for name in scorers]
        table.add_row(Text(said), *scores)
    return table


def _cost(run: Run) -> str:
    usage = run.usage
    parts = [f"{usage.spent_tokens:,} tokens", f"{usage.seconds:.1f} s"]
    if usage.generating_seconds > 0:
        parts.append(f"{usage.generated_tokens / usage.generating_seconds:,.0f} tokens/s")
    if usage.scorer_tokens:
        parts.append(f"{usage.scorer_tokens:,} by the scorer")
    if usage.usd:
        parts.append(f"${usage.usd:.2g}")
    parts.append(f"{len(run.tree.nodes) - 1:,} nodes")
    return " · ".join(parts)
