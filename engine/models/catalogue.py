"""Every model the menu knows, whether it can be used here, and how it is served.

Knows the bundled folders, the suggested hub models, the user's own folders and the scripted stand-in. Does
not download anything: a hub model is usable once it is in the local cache, and says so until then.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from weakref import WeakValueDictionary

from engine.backends.protocol import Backend
from engine.errors import ModelUnavailable, ScorerUnavailable
from engine.models import device as devices
from engine.models import folder as folders
from engine.models import loading, profiles, rewards
from engine.models.device import Device
from engine.scoring.protocol import Scorer

if TYPE_CHECKING:
    from engine.backends.local import LocalBackend

Source = Literal["bundled", "hub", "folder", "scripted"]

SCRIPTED = "scripted"
BUNDLED_FOLDER = Path(__file__).resolve().parent
BUNDLED = {"ponder-1m": "Ponder 1M", "ponder-3m": "Ponder 3M", "ponder-8m": "Ponder 8M"}
BUNDLED_REWARD = "ponder-prm-3m"
FOLDERS_VARIABLE = "PONDER_MODELS_DIR"  # one or more folders of model folders, separated like PATH
MAX_NAME_CHARACTERS = 1000
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
SUGGESTED = {  # parameters and bytes to download, both rounded, and the profile
    "Qwen/Qwen3-0.6B": (596_000_000, 1_500_000_000, profiles.QWEN3),
    "Qwen/Qwen3-1.7B": (2_030_000_000, 4_060_000_000, profiles.QWEN3),
    "Qwen/Qwen3-4B": (4_020_000_000, 8_040_000_000, profiles.QWEN3),
    "Qwen/Qwen2.5-Math-1.5B-Instruct": (1_540_000_000, 3_090_000_000, profiles.QWEN25_MATH),
    "meta-llama/Llama-3.2-1B-Instruct": (1_240_000_000, 2_470_000_000, profiles.LLAMA3),
    "meta-llama/Llama-3.2-3B-Instruct": (3_210_000_000, 6_430_000_000, profiles.LLAMA3),
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": (1_780_000_000, 3_550_000_000, profiles.R1_DISTILL),
    "HuggingFaceTB/SmolLM3-3B": (3_080_000_000, 6_150_000_000, profiles.SMOLLM3),
}

_backends: WeakValueDictionary[str, LocalBackend] = WeakValueDictionary()  # loaded; a scorer shares its model


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One entry of the menu. Plain values only.

    `why_not` is one sentence where `is_usable` is False; `process_reward` and `outcome_reward` name the
    reward models that judge its steps and answers, None where there is none; `note` says what a person
    should know of a usable one.
    """

    name: str
    title: str
    source: Source
    parameters: int
    size_bytes: int
    is_usable: bool
    why_not: str | None
    profile: str
    process_reward: str | None
    device: str
    dtype: str
    folder: str | None
    note: str = ""
    outcome_reward: str | None = None

    @property
    def rewards_free_text(self) -> bool:
        """Whether its process reward judges any problem, and not the bundled families alone."""
        return self.process_reward not in (None, BUNDLED_REWARD, SCRIPTED)


def models() -> list[ModelFacts]:
    """The whole menu: bundled, own folders, suggested hub models, and the scripted stand-in last."""
    facts = [
        _from_folder(BUNDLED_FOLDER / name, name, title, "bundled") for name, title in _bundled().items()
    ]
    facts += [_from_folder(path, name, name, "folder") for name, path in _own_folders().items()]
    facts += [_from_hub(name) for name in SUGGESTED]
    return [*facts, _scripted()]


def find(name: str) -> ModelFacts:
    """The facts of one model by its menu name, hub id or path.

    Raises ModelUnavailable for one that is not there at all; a known model that cannot be used here is
    returned with the reason.
    """
    if not name.strip() or "\0" in name or len(name) > MAX_NAME_CHARACTERS:
        raise ModelUnavailable("Name a model; `python app.py models` lists those there are.")
    if name == SCRIPTED:
        return _scripted()
    if name in _bundled():
        return _from_folder(BUNDLED_FOLDER / name, name, BUNDLED[name], "bundled")
    own = _own_folders()
    if name in own:
        return _from_folder(own[name], name, name, "folder")
    path = Path(os.path.expanduser(name))
    if path.is_absolute() or name.startswith((".", "~")) or (len(name) < 256 and path.is_dir()):
        facts = _from_folder(path, name, path.name, "folder")
        if not facts.is_usable and facts.parameters == 0:
            raise ModelUnavailable(facts.why_not or f"{name} is no model.")
        return facts
    if name in SUGGESTED or (HUB_ID.fullmatch(name) and _cached(name) is not None):
        return _from_hub(name)
    if HUB_ID.fullmatch(name):
        raise ModelUnavailable(
            f"{name} is not in the local cache: `hf download {name}` fetches it if it exists."
        )
    raise ModelUnavailable(f"There is no model {name!r}; `python app.py models` lists those there are.")


def load_backend(name: str) -> Backend:
    """The model, loaded and ready to decode. Raises ModelUnavailable with one sentence."""
    if name == SCRIPTED:
        from engine.backends.scripted import ScriptedBackend

        return ScriptedBackend()
    if (loaded := _backends.get(name)) is not None:
        return loaded
    facts = find(name)
    if not facts.is_usable or facts.folder is None:
        raise ModelUnavailable(facts.why_not or f"{name} cannot be used here.")
    from engine.backends.local import LocalBackend

    path = Path(facts.folder)
    contents = folders.inspect(path, name)
    device = Device(facts.device, facts.dtype)
    model, tokenizer = loading.load(path, name, contents, device, "AutoModelForCausalLM")
    backend = LocalBackend(
        model,
        tokenizer,
        profiles.profile_for(contents.config, name, tokenizer.chat_template),
        name,
        key_value_bytes=max(256 << 20, devices.free_bytes(device) // 4),
        about={"revision": loading.revision(path)},
    )
    _backends[name] = backend
    return backend


def load_scorer(scorer: str, model: str) -> Scorer:
    """A scorer for a model's runs. Raises ScorerUnavailable or ModelUnavailable with one sentence."""
    if scorer not in scorers_for(model):
        raise ScorerUnavailable(
            f"The scorer {scorer!r} cannot judge {model}; it has {_list(scorers_for(model))}."
        )
    if scorer == "verifier":
        from engine.scoring.verifier import Verifier

        return Verifier()
    if scorer == "unit_tests":
        from engine.scoring.unit_tests import UnitTests

        return UnitTests()
    if scorer.startswith("confidence"):
        from engine.scoring.confidence import Confidence, TokenConfidence

        how = scorer.removeprefix("confidence").removeprefix("_")
        return TokenConfidence(how) if how else Confidence()
    if model == SCRIPTED:
        from engine.scoring.scripted import ScriptedJudge

        return ScriptedJudge(scorer)
    from engine.backends.local import LocalBackend

    backend = load_backend(model)
    assert isinstance(backend, LocalBackend)
    if scorer == "self_evaluation":
        from engine.scoring.self_evaluation import SelfEvaluation

        return SelfEvaluation(backend)
    facts = find(model)
    if scorer == "outcome_reward":
        assert facts.outcome_reward is not None
        return rewards.load("outcome", facts.outcome_reward, _cached, backend.profile)
    if facts.rewards_free_text:
        assert facts.process_reward is not None
        return rewards.load("process", facts.process_reward, _cached, backend.profile)
    from engine.scoring.process_reward import ProcessReward

    name, path = BUNDLED_REWARD, BUNDLED_FOLDER / BUNDLED_REWARD
    contents = folders.inspect(path, name)
    reward, tokenizer = loading.load(path, name, contents, devices.pick(), "AutoModelForTokenClassification")
    return ProcessReward(reward, tokenizer, backend.transcript)


def scorers_for(model: str) -> list[str]:
    """The scorers that can judge a model's runs, the best first. Raises ModelUnavailable."""
    facts = find(model)
    trained = {"process_reward": facts.process_reward, "outcome_reward": facts.outcome_reward}
    measured = ["confidence", "confidence_mean", "confidence_tail", "confidence_lowest"]
    checked = ["unit_tests", "verifier"]
    return [*(name for name, reward in trained.items() if reward), "self_evaluation", *checked, *measured]


def _bundled() -> dict[str, str]:
    return {
        name: title for name, title in BUNDLED.items() if (BUNDLED_FOLDER / name / "config.json").is_file()
    }


def _own_folders() -> dict[str, Path]:
    """Model folders below the user's own folders, by name; the first of a name wins."""
    found: dict[str, Path] = {}
    for root in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep):
        if root and Path(root).expanduser().is_dir():
            for path in sorted(Path(root).expanduser().iterdir()):
                if (path / "config.json").is_file() and path.name not in BUNDLED:
                    found.setdefault(path.name, path)
    return found


def _from_folder(path: Path, name: str, title: str, source: Source) -> ModelFacts:
    device = devices.pick()
    profile, parameters, size, note = profiles.PLAIN, 0, 0, ""
    try:
        contents = folders.inspect(path, name)
        parameters, size = contents.parameters, contents.size_bytes
        profile = profiles.profile_for(contents.config, name, contents.template)
        why = folders.why_not_causal(contents.config, name) or loading.why_not_fit(name, parameters, device)
        if profile is profiles.PLAIN:
            note = "It has no chat template, so it is asked in plain text."
    except ModelUnavailable as error:
        why = str(error)
    return ModelFacts(
        name=name,
        title=title,
        source=source,
        parameters=parameters,
        size_bytes=size,
        is_usable=not why,
        why_not=why or None,
        profile=profile.name,
        process_reward=_reward() if profile.is_bundled else rewards.chosen("process", _cached),
        outcome_reward=rewards.chosen("outcome", _cached),
        device=device.name,
        dtype=device.dtype,
        folder=str(path),
        note=note,
    )


def _from_hub(name: str) -> ModelFacts:
    path = _cached(name)
    title = name.rpartition("/")[2]
    if path is not None:
        return _from_folder(path, name, title, "hub")
    device = devices.pick()
    parameters, size, profile = SUGGESTED[name]
    why = f"{name} is not downloaded: `hf download {name}` fetches it ({size / 1e9:.1f} GB)."
    return ModelFacts(
        name=name,
        title=title,
        source="hub",
        parameters=parameters,
        size_bytes=size,
        is_usable=False,
        why_not=loading.why_not_fit(name, parameters, device) or why,
        profile=profile.name,
        process_reward=None,
        device=device.name,
        dtype=device.dtype,
        folder=None,
    )


def _scripted() -> ModelFacts:
    return ModelFacts(
        name=SCRIPTED,
        title="Scripted (for development)",
        source="scripted",
        parameters=0,
        size_bytes=0,
        is_usable=True,
        why_not=None,
        profile=SCRIPTED,
        process_reward=SCRIPTED,
        outcome_reward=SCRIPTED,
        device="cpu",
        dtype="none",
        folder=None,
        note="No model: made-up text for tests and for work on the page. Its accuracy means nothing.",
    )


def _cached(name: str) -> Path | None:
    """The folder of a hub model in the local cache, None where it is not (or only in part) downloaded."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(name, "config.json")
    return Path(config).parent if isinstance(config, str) else None


def _reward() -> str | None:
    return BUNDLED_REWARD if (BUNDLED_FOLDER / BUNDLED_REWARD / "config.json").is_file() else None


def _list(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
