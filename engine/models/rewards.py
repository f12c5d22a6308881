"""Public reward models: which are known, which one is used here, and how each is loaded natively.

Knows hub names, architectures and where a head's weights lie in the files. Does not know nodes or layouts'
inner workings. No code that comes with a model is run: the two process rewards that bring their own are a
Qwen2 with a small head, and are loaded as that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.errors import ModelUnavailable, ScorerUnavailable
from engine.models import device as devices
from engine.models import folder as folders
from engine.models import loading

if TYPE_CHECKING:
    from engine.backends.protocol import Profile
    from engine.scoring.public_reward import PublicReward

Kind = Literal["process", "outcome"]
Format = Literal["qwen", "skywork", "rlhflow", "shepherd", "trl", "outcome"]

VARIABLES: dict[Kind, str] = {"process": "PONDER_PROCESS_REWARD", "outcome": "PONDER_OUTCOME_REWARD"}
"""Name a hub id or a folder to say which reward is used; else the first known one that is downloaded is."""

KNOWN: dict[Kind, dict[str, Format]] = {
    "process": {
        "Qwen/Qwen2.5-Math-PRM-7B": "qwen",
        "Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B": "skywork",
        "Skywork/Skywork-o1-Open-PRM-Qwen-2.5-7B": "skywork",
        "RLHFlow/Llama3.1-8B-PRM-Deepseek-Data": "rlhflow",
        "RLHFlow/Llama3.1-8B-PRM-Mistral-Data": "rlhflow",
        "peiyi9979/math-shepherd-mistral-7b-prm": "shepherd",
        "HuggingFaceH4/Qwen2.5-Math-1.5B-Instruct-PRM-0.2": "trl",
    },
    "outcome": {
        "Skywork/Skywork-Reward-V2-Qwen3-0.6B": "outcome",
        "Skywork/Skywork-Reward-V2-Qwen3-1.7B": "outcome",
        "Skywork/Skywork-Reward-V2-Qwen3-4B": "outcome",
        "Skywork/Skywork-Reward-V2-Qwen3-8B": "outcome",
        "Skywork/Skywork-Reward-V2-Llama-3.2-1B": "outcome",
        "Skywork/Skywork-Reward-V2-Llama-3.2-3B": "outcome",
        "Skywork/Skywork-Reward-V2-Llama-3.1-8B": "outcome",
    },
}

OUTCOME_SCALE = 4.0
"""An outcome reward has no ends; a logistic of this scale squashes it. Public ones reach ±40, where the plain
logistic, which their Bradley-Terry training suggests, would tie all good answers."""

MAX_CONTEXT_TOKENS = 32_768


def chosen(kind: Kind, cached: Callable[[str], Path | None]) -> str | None:
    """The name of the reward that is used here, None for none. `cached` finds downloaded folders."""
    named = os.environ.get(VARIABLES[kind], "").strip()
    if named:
        return named
    return next((name for name in KNOWN[kind] if cached(name) is not None), None)


def load(kind: Kind, name: str, cached: Callable[[str], Path | None], profile: Profile) -> PublicReward:
    """The chosen reward as a scorer. Raises ModelUnavailable or ScorerUnavailable with one sentence."""
    path = Path(name).expanduser()
    if not path.is_dir():
        path = cached(name) or path
    if not path.is_dir():
        raise ModelUnavailable(f"{name} is not downloaded: `hf download {name}` fetches it.")
    contents = folders.inspect(path, name)
    found = format_of(kind, name, contents.config)
    from engine.scoring import layouts
    from engine.scoring.public_reward import PublicReward, Reward

    auto = {"qwen": "AutoModel", "skywork": "AutoModel", "trl": "AutoModelForTokenClassification"}
    auto |= {"outcome": "AutoModelForSequenceClassification"}
    model, tokenizer = loading.load(
        path, name, contents, devices.pick(), auto.get(found, "AutoModelForCausalLM")
    )
    base, head = _parts(found, model, tokenizer, path, name)
    layout = (
        layouts.outcome(tokenizer, model.config.get_text_config().pad_token_id)
        if found == "outcome"
        else getattr(layouts, found)(tokenizer)
    )
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None) or MAX_CONTEXT_TOKENS
    reward = Reward(base, head, contents.parameters, min(limit, MAX_CONTEXT_TOKENS))
    return PublicReward(f"{kind}_reward", reward, layout, profile)


def format_of(kind: Kind, name: str, config: Mapping[str, Any]) -> Format:
    """How a reward is written to, by its name where that is known, else by its architecture.

    Raises ScorerUnavailable where neither tells.
    """
    for known, found in KNOWN[kind].items():
        if name.rstrip("/").endswith(known.partition("/")[2]):
            return found
    architecture = str((config.get("architectures") or [""])[0])
    if kind == "outcome" and architecture.endswith("ForSequenceClassification"):
        return "outcome"
    if kind == "process":
        by_architecture: dict[str, Format] = {
            "Qwen2ForProcessRewardModel": "qwen",
            "Qwen2ForPrmModel": "skywork",
        }
        if architecture in by_architecture:
            return by_architecture[architecture]
        if architecture.endswith("ForTokenClassification"):
            return "trl"
    raise ScorerUnavailable(
        f"{name} holds a {architecture or 'model of no named architecture'}, which is no {kind} reward whose "
        "format Ponder knows."
    )


def _parts(found: Format, model: Any, tokenizer: Any, path: Path, name: str) -> tuple[Any, Any]:
    """The model below its head, and a head that gives scores in [0, 1] from hidden states [S, H]."""
    import torch
    from torch.nn import functional as F

    def place(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(model.device, model.dtype)

    match found:
        case "qwen":
            keys = ("score.0.weight", "score.0.bias", "score.2.weight", "score.2.bias")
            first, first_bias, second, second_bias = map(place, _weights(path, name, keys))
            return (
                model,
                lambda hidden: (
                    F.linear(F.linear(hidden, first, first_bias).relu(), second, second_bias)
                    .float()
                    .softmax(-1)[:, 1]
                ),
            )
        case "skywork":
            keys = ("v_head.summary.weight", "v_head.summary.bias")
            weight, bias = (tensor.to(model.device).float() for tensor in _weights(path, name, keys))
            return model, lambda hidden: F.linear(hidden.float(), weight, bias)[:, 0].sigmoid()
        case "rlhflow" | "shepherd":
            right, wrong = (tokenizer.encode(sign, add_special_tokens=False)[-1] for sign in "+-")
            if right == wrong:
                raise ScorerUnavailable(f"The tokenizer of {name} does not know + from -.")
            signs = model.get_output_embeddings().weight[[right, wrong]]
            base = getattr(model, model.base_model_prefix)
            return base, lambda hidden: F.linear(hidden, signs).float().softmax(-1)[:, 0]
        case "trl":
            _expect_labels(model, name, 2)
            base = getattr(model, model.base_model_prefix)
            return base, lambda hidden: model.score(hidden).float().softmax(-1)[:, 1]
        case "outcome":
            _expect_labels(model, name, 1)
            base = getattr(model, model.base_model_prefix)
            return base, lambda hidden: (model.score(hidden).float()[:, 0] / OUTCOME_SCALE).sigmoid()


def _expect_labels(model: Any, name: str, count: int) -> None:
    if model.config.num_labels != count:
        raise ScorerUnavailable(f"{name} has {model.config.num_labels} labels, and a reward has {count}.")


def _weights(path: Path, name: str, keys: tuple[str, ...]) -> list[Any]:
    """Tensors of a safetensors folder by their names. Raises ModelUnavailable where one is missing."""
    from safetensors import safe_open

    index = path / "model.safetensors.index.json"
    files = json.loads(index.read_text())["weight_map"] if index.is_file() else {}
    found = []
    for key in keys:
        file = path / files.get(key, "model.safetensors")
        try:
            with safe_open(file, framework="pt") as tensors:
                found.append(tensors.get_tensor(key))
        except Exception as error:  # the library's own errors, and files that are not there
            raise ModelUnavailable(f"{name} lacks the weights {key} of its reward head.") from error
    return found
