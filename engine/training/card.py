"""Model cards: what a bundled model is, how it was made, and what was measured of it, in its own folder."""

from __future__ import annotations

import csv
from pathlib import Path

from scipy.stats import binomtest
from transformers import PreTrainedModel

_FRONT_MATTER = """---
license: apache-2.0
library_name: transformers
language: en
pipeline_tag: {tag}
tags: [inference-time-scaling, reasoning, ponder]
---
"""

_POLICY = """# {name}

A {size:.1f} M parameter reasoning model (Llama architecture: {layers} layers, width {hidden}, {heads} heads over
{shared} key-value heads, tied embeddings, context 1,024) that comes with Ponder. It thinks step by step on three
families of problems with exact checkers, and is small enough that searching over its thoughts is a matter of
seconds on a laptop. It knows nothing else.

    <|user|>Compute ((17 + 5) * 3) - 8.<|end|><|assistant|><think>
    17 + 5 = 22
    22 * 3 = 66
    66 - 8 = 58
    </think> 58<|end|>

## Data
All made by `engine/tasks` and `engine/training/examples.py`; no text from anywhere else. Worked solutions (66 %),
direct answers (9 %), "Wait" re-checks (4 %), criticisms (8 %) and rewrites (7 %) of made errors, self-evaluations
(6 %). One problem in ten, by a stable hash, is held out, and so is every Game of 24.

## Recipe
`python app.py train {name}`: {tokens:.0f} M tokens, bf16 compute with fp32 masters, Muon for matrices and AdamW for
the rest, batches of about 8 thousand tokens of similar lengths, linear decay at the end. The curve is in `curve.csv`.

## Measured
Held-out problems, {problems} a cell, one chain of thought, temperature 0; 95 % Wilson intervals.

{table}

## Limits
Only the grammar of the three families; values from 0 to 999 (countdown: numbers to 25, targets to 100). It is often
wrong: that is what it is for. Criticisms are learned from made errors and are weaker on the model's own.
"""

_REWARD = """# {name}

A {size:.1f} M parameter process reward that comes with Ponder: `LlamaForTokenClassification` with the labels wrong and
right, read at the last token of each step and of the final answer of a `ponder` model's solution. The probability of
"right" estimates whether a right answer can still follow.

## Data
The policy's own solutions at temperature 1 (60 %) and made ones (40 %: slips carried through, and for countdown legal
steps with no aim), each step labelled by an exact checker; for countdown by whether the target can still be reached.

## Recipe
`python app.py train {name}`: starts from the policy's weights, {tokens:.0f} M tokens. The curve is in `curve.csv`.

## Measured
On the policy's own solutions (temperature 1) to held-out problems; steps judged: {judged:,}.

{table}

Expected calibration error over ten bins, all families together: {calibration:.3f}.

## Limits
Only the three families in the bundled models' own step grammar. A state of countdown with three or more numbers left
is the hardest to judge.
"""


def interval(right: int, of: int) -> str:
    """A share with its 95 % Wilson interval, in percent."""
    found = binomtest(right, of).proportion_ci(method="wilson")
    return f"{100 * right / of:.1f} % ({100 * found.low:.0f} to {100 * found.high:.0f})"


def tokens_seen(folder: Path) -> float:
    """Millions of tokens at the end of a folder's curve."""
    with (folder / "curve.csv").open() as file:
        *_, last = csv.DictReader(file)
    return int(last["tokens"]) / 1e6


def write_policy_card(
    name: str, model: PreTrainedModel, folder: Path, solved: dict[tuple[str, int], int], problems: int
) -> None:
    """The policy's card, with the share solved in each (family, difficulty) cell."""
    rows = ["| family | difficulty | solved |", "|---|---|---|"]
    rows += [f"| {task} | {level} | {interval(right, problems)} |" for (task, level), right in solved.items()]
    config = model.config
    text = _FRONT_MATTER.format(tag="text-generation") + _POLICY.format(
        name=name,
        size=model.num_parameters() / 1e6,
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        heads=config.num_attention_heads,
        shared=config.num_key_value_heads,
        tokens=tokens_seen(folder),
        problems=problems,
        table="\n".join(rows),
    )
    (folder / "README.md").write_text(text)


def write_reward_card(
    name: str,
    model: PreTrainedModel,
    folder: Path,
    rows: list[tuple[str, int, float, float]],
    calibration: float,
) -> None:
    """The reward's card: per family, steps judged, accuracy at one half and area under the curve."""
    table = ["| family | steps | right at the threshold 0.5 | area under the curve |", "|---|---|---|---|"]
    table += [
        f"| {task} | {count:,} | {100 * right:.1f} % | {area:.3f} |" for task, count, right, area in rows
    ]
    text = _FRONT_MATTER.format(tag="token-classification") + _REWARD.format(
        name=name,
        size=model.num_parameters() / 1e6,
        tokens=tokens_seen(folder),
        judged=sum(count for _, count, _, _ in rows),
        table="\n".join(table),
        calibration=calibration,
    )
    (folder / "README.md").write_text(text)
