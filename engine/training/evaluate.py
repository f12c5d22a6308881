"""Accuracy of a model in training, by family and difficulty, on held-out problems, greedy.

Uses the library's own generation on purpose: it must not depend on the decoding path that it helps to test.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from engine.lab.problems import draw
from engine.tasks import FAMILIES, Problem

CELLS = (
    ("arithmetic", 1), ("arithmetic", 3), ("arithmetic", 6),
    ("story", 1), ("story", 3), ("story", 5),
    ("countdown", 3), ("countdown", 4), ("countdown", 5),
    ("programs", 1), ("programs", 2), ("programs", 3),
)  # fmt: skip


@torch.inference_mode()
def complete(
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    problems: list[Problem],
    *,
    samples: int = 1,
    temperature: float = 0.0,
    is_thinking: bool = True,
    max_new_tokens: int = 320,
) -> list[list[str]]:
    """What the model says to each problem, `samples` times."""
    prompts: list[Any] = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": problem.text}],
            add_generation_prompt=True, tokenize=False, enable_thinking=is_thinking,
        )
        for problem in problems
    ]  # fmt: skip
    tokenizer.padding_side = "left"
    batch = tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False)
    is_random = temperature > 0
    out = model.generate(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        max_new_tokens=max_new_tokens,
        do_sample=is_random,
        temperature=temperature if is_random else None,
        num_return_sequences=samples,
        pad_token_id=tokenizer.pad_token_id,
        top_k=0 if is_random else None,
    )
    texts = tokenizer.batch_decode(out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return [texts[i * samples : (i + 1) * samples] for i in range(len(problems))]


def solved(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, problems: int = 20
) -> dict[tuple[str, int], int]:
    """How many of `problems` held-out problems are solved in each (family, difficulty) cell, greedy."""
    counts = {}
    for task_name, difficulty in CELLS:
        task = FAMILIES[task_name]
        asked = draw(task_name, difficulty, problems)
        right = 0
        for problem, (said,) in zip(asked, complete(model, tokenizer, asked), strict=True):
            answer = task.extract(problem, said)
            right += answer is not None and task.is_correct(problem, answer)
        counts[task_name, difficulty] = right
    return counts


def accuracy(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, problems: int = 20
) -> dict[str, float]:
    """Share solved in each cell, greedy."""
    return {
        f"{task} {level}": right / problems
        for (task, level), right in solved(model, tokenizer, problems).items()
    }
