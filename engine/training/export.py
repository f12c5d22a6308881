"""A trained model as a standard Hugging Face folder, in half precision, with its model card."""

from __future__ import annotations

import copy
import json
from pathlib import Path

from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerFast


def export_policy(
    name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, work: Path, folder: Path
) -> Path:
    """Write the policy to `folder`; the model card is completed by `engine.training.card`."""
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        do_sample=True, temperature=0.8, max_length=1024,
    )  # fmt: skip
    return _export(model, tokenizer, work, folder)


def export_reward(
    name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, work: Path, folder: Path
) -> Path:
    """Write the process reward to `folder`."""
    model.config.id2label = {0: "wrong", 1: "right"}
    model.config.label2id = {"wrong": 0, "right": 1}
    return _export(model, tokenizer, work, folder)


def _export(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, work: Path, folder: Path) -> Path:
    model.config.ponder_profile = "bundled"
    half = copy.deepcopy(model).half()
    half.set_attn_implementation("sdpa")
    half.save_pretrained(folder, safe_serialization=True)
    tokenizer.padding_side = "right"
    tokenizer.save_pretrained(folder)
    curve = work / "curve.csv"
    if curve.exists():
        (folder / "curve.csv").write_text(curve.read_text())
    config = json.loads((folder / "config.json").read_text())
    assert config["ponder_profile"] == "bundled"
    return folder
