"""From a folder to a model in memory, on the right device; every fault is one sentence.

Knows how Hugging Face folders are loaded safely: safetensors only, no code from the folder, nothing from the
network. Does not know which models there are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.errors import ModelUnavailable
from engine.models import device as devices
from engine.models.device import Device
from engine.models.folder import Contents

OVERHEAD = 1.25  # weights, and what a forward pass and loading need beside them
LOCAL = {"local_files_only": True, "trust_remote_code": False}


def needed_bytes(parameters: int, device: Device) -> int:
    """Memory a model takes while it runs; an estimate from its parameter count."""
    return int(parameters * devices.BYTES[device.dtype] * OVERHEAD)


def why_not_fit(name: str, parameters: int, device: Device) -> str:
    """One sentence if the model does not fit into the memory that is free now; "" if it does."""
    needed, free = needed_bytes(parameters, device), devices.free_bytes(device)
    if needed <= free:
        return ""
    return (
        f"{name} needs about {_gigabytes(needed)} of memory in {device.dtype} on {device.name}, "
        f"and {_gigabytes(free)} are free."
    )


def load(folder: Path, name: str, contents: Contents, device: Device, kind: str) -> tuple[Any, Any]:
    """The model and its tokenizer; `kind` is "AutoModelForCausalLM" or another of transformers' auto classes.

    Raises ModelUnavailable with one sentence.
    """
    if why := why_not_fit(name, contents.parameters, device):
        raise ModelUnavailable(why)
    import torch
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **LOCAL)
        model = getattr(transformers, kind).from_pretrained(
            folder, dtype=getattr(torch, device.dtype), use_safetensors=True, **LOCAL
        )
        model = model.to(device.name).eval()
    except (torch.OutOfMemoryError, MemoryError):
        raise ModelUnavailable(
            f"{name} does not fit into the memory that is free on {device.name}."
        ) from None
    except Exception as error:  # a folder's fault, whatever the library makes of it
        raise ModelUnavailable(_sentence(name, contents, error)) from error
    return model, tokenizer


def revision(folder: Path) -> str:
    """Which version of the weights this is: the hub's commit, or "local"."""
    parts = folder.parts
    return parts[parts.index("snapshots") + 1] if "snapshots" in parts[:-1] else "local"


def _sentence(name: str, contents: Contents, error: Exception) -> str:
    if contents.config.get("auto_map"):
        return f"{name} needs code of its own to load, and Ponder runs no code that comes with a model."
    first = " ".join(str(error).split("\n", 1)[0].split())[:200].rstrip(".")
    if isinstance(error, json.JSONDecodeError):
        return f"A file of {name} is damaged: it is not JSON."
    return f"{name} cannot be loaded: {first or type(error).__name__}."


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
