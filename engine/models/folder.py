"""What a Hugging Face folder holds, found out without loading it.

Knows config files and safetensors headers. Does not know torch. Every fault is one ModelUnavailable sentence.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import ModelUnavailable

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")
MAX_HEADER_BYTES = 100 << 20  # the format's own limit


@dataclass(frozen=True, slots=True)
class Contents:
    """A folder's configuration, its chat template (None where it has none) and the size of its weights."""

    config: dict[str, Any]
    template: str | None
    parameters: int
    size_bytes: int


def inspect(folder: Path, name: str) -> Contents:
    """Read the folder. Raises ModelUnavailable if it holds no model in safetensors."""
    if not os.path.isdir(folder):
        raise ModelUnavailable(f"There is no folder {folder}, so {name} cannot be loaded.")
    config = _json(folder / "config.json", name)
    if config is None:
        raise ModelUnavailable(f"The folder {folder} is no Hugging Face model: it has no config.json.")
    if not isinstance(config.get("model_type"), str):
        raise ModelUnavailable(
            f"The folder {folder} is no Hugging Face model: its config names no model_type."
        )
    parameters, size = _weights(folder, name)
    if not any((folder / file).is_file() for file in TOKENIZERS):
        raise ModelUnavailable(f"The folder of {name} has no tokenizer.")
    return Contents(config, _template(folder, name), parameters, size)


def why_not_causal(config: dict[str, Any], name: str) -> str:
    """Why this is no decoder-only language model Ponder can run, in one sentence; "" where it is one."""
    if config.get("is_encoder_decoder"):
        return (
            f"{name} is an encoder-decoder model, and Ponder runs decoder-only ones: "
            "its branches could not be continued."
        )
    architectures = [str(one) for one in config.get("architectures") or ()]
    if architectures and not any(_writes(one) for one in architectures):
        return f"{name} holds a {architectures[0]}, not a language model that writes text."
    return ""


def _writes(architecture: str) -> bool:
    is_language_model = architecture.endswith(("ForCausalLM", "LMHeadModel"))
    return is_language_model and not architecture.startswith(("Bert", "Roberta", "Electra"))


def _template(folder: Path, name: str) -> str | None:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    template = (_json(folder / "tokenizer_config.json", name) or {}).get("chat_template")
    if isinstance(template, list):  # several named ones
        named = {one.get("name"): one.get("template") for one in template}
        template = named.get("default") or next(iter(named.values()), None)
    return template or None


def _weights(folder: Path, name: str) -> tuple[int, int]:
    """Parameters and bytes of all safetensors files."""
    index = _json(folder / "model.safetensors.index.json", name)
    if index is not None:
        files = sorted({folder / str(file) for file in index.get("weight_map", {}).values()})
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise ModelUnavailable(f"{name} is incomplete: {missing[0]} is missing; download it again.")
    else:
        files = sorted(folder.glob("*.safetensors"))
    if not files:
        has_pickle = any(folder.glob("*.bin")) or any(folder.glob("*.pt"))
        why = "only pickled weights, which can run code" if has_pickle else "no weights"
        raise ModelUnavailable(f"The folder of {name} has {why}: Ponder loads safetensors files only.")
    return sum(_parameters(file, name) for file in files), sum(file.stat().st_size for file in files)


def _parameters(file: Path, name: str) -> int:
    """Numbers in a safetensors file, by its header."""
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 0 < length <= MAX_HEADER_BYTES:
                raise ValueError(length)
            header = json.loads(stream.read(length))
        tensors = [entry for key, entry in header.items() if key != "__metadata__"]
        if tensors and 8 + length + max(entry["data_offsets"][1] for entry in tensors) > file.stat().st_size:
            raise ValueError("cut short")
        return sum(math.prod(entry["shape"]) for entry in tensors)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ModelUnavailable(
            f"The weights of {name} are damaged: {file.name} is not a whole safetensors file; get it again."
        ) from None


def _json(file: Path, name: str) -> dict[str, Any] | None:
    """A JSON object; None if there is no such file."""
    if not file.is_file():
        return None
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise ModelUnavailable(f"The file {file.name} of {name} is damaged: it is not a JSON object.")
    return value
