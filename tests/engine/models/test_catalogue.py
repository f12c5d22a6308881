"""The menu, and what is said of models that cannot be used: one clear sentence each."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.backends.local import LocalBackend
from engine.errors import ModelUnavailable, ScorerUnavailable
from engine.models import catalogue, device, profiles
from tests.engine import tiny_models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole model folder."""
    path = tmp_path / "tiny-qwen3"
    tiny_models.model("qwen3").save_pretrained(path)
    tiny_models.tokenizer().save_pretrained(path)
    return path


def changed(folder: Path, **settings: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **settings}))


def why_not(name: str | Path) -> str:
    """The sentence a person is told, whether the facts or the loader say it."""
    try:
        facts = catalogue.find(str(name))
        if facts.why_not is not None:
            assert not facts.is_usable
            return facts.why_not
        catalogue.load_backend(str(name))
    except ModelUnavailable as error:
        return str(error)
    raise AssertionError(f"{name} was loaded")


def is_sentence(text: str) -> bool:
    return text.endswith(".") and "\n" not in text and "Traceback" not in text


def test_a_folder_is_described_before_it_is_loaded_and_then_served(folder: Path):
    facts = catalogue.find(str(folder))
    assert facts.is_usable and facts.source == "folder" and facts.profile == "qwen3"
    assert facts.parameters == tiny_models.model("qwen3").num_parameters()
    backend = catalogue.load_backend(str(folder))
    assert isinstance(backend, LocalBackend)
    assert catalogue.load_backend(str(folder)) is backend  # one in memory, shared by its scorers
    described = backend.describe()
    assert (described["device"], described["dtype"]) == (facts.device, facts.dtype)
    scorers = catalogue.scorers_for(str(folder))
    assert scorers == [
        "self_evaluation",
        "unit_tests",
        "verifier",
        "confidence",
        "confidence_mean",
        "confidence_tail",
        "confidence_lowest",
    ]
    assert [catalogue.load_scorer(scorer, str(folder)).name for scorer in scorers] == scorers
    with pytest.raises(ScorerUnavailable):
        catalogue.load_scorer("process_reward", str(folder))


def test_folders_of_the_settings_are_in_the_menu(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(catalogue.FOLDERS_VARIABLE, str(folder.parent))
    assert "tiny-qwen3" in [facts.name for facts in catalogue.models()]
    assert catalogue.find("tiny-qwen3").is_usable


def test_the_menu_says_of_every_model_whether_it_can_be_used():
    menu = catalogue.models()
    assert len({facts.name for facts in menu}) == len(menu)
    assert menu[-1].name == "scripted" and menu[-1].is_usable
    for facts in menu:
        json.dumps(facts.parameters)
        assert facts.is_usable == (facts.why_not is None)
        assert facts.why_not is None or is_sentence(facts.why_not)


def test_a_folder_that_is_no_model(tmp_path: Path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no config.json" in why_not(empty)
    (empty / "config.json").write_text("{ not json")
    assert "damaged" in why_not(empty)
    (empty / "config.json").write_text("{}")
    assert "model_type" in why_not(empty)
    assert "no folder" in why_not(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "name",
    ["no-such-model", "nobody/nothing", "", "a\0b", "../../etc", "~nobody/x", "x" * 900, "/" + "x" * 900],
)
def test_unknown_names(name: str):
    assert is_sentence(why_not(name))


def test_weights_that_are_missing_pickled_or_damaged(folder: Path):
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in why_not(folder)
    weights.write_bytes(b"\xff" * 100)
    assert "damaged" in why_not(folder)
    weights.unlink()
    assert "no weights" in why_not(folder)
    (folder / "pytorch_model.bin").write_bytes(b"")
    assert "safetensors" in why_not(folder)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"is_encoder_decoder": True}, "encoder-decoder"),
        ({"architectures": ["BertForMaskedLM"]}, "not a language model"),
        ({"architectures": ["LlamaForTokenClassification"]}, "not a language model"),
        ({"model_type": "somebodys-own", "auto_map": {"AutoConfig": "code.Config"}}, "no code"),
        ({"model_type": "unheard-of"}, "cannot be loaded"),
    ],
)
def test_models_of_an_unsupported_kind(folder: Path, settings: dict[str, object], words: str):
    changed(folder, **settings)
    said = why_not(folder)
    assert words in said and is_sentence(said)


def test_a_folder_without_a_tokenizer(folder: Path):
    for file in folder.glob("tokenizer*"):
        file.unlink()
    assert is_sentence(why_not(folder))


def test_a_model_that_does_not_fit_is_refused_before_it_is_loaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(device, "free_bytes", lambda _: 1000)
    assert "memory" in why_not(folder) and is_sentence(why_not(folder))


def test_without_a_chat_template_the_plain_profile_is_chosen_and_said(folder: Path):
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    facts = catalogue.find(str(folder))
    assert facts.profile == "plain" and "no chat template" in facts.note
    assert catalogue.load_backend(str(folder)).profile is profiles.PLAIN


@pytest.mark.parametrize(
    ("config", "name", "template", "profile"),
    [
        ({"ponder_profile": "bundled", "model_type": "llama"}, "ponder-3m", "<think>", profiles.BUNDLED),
        ({"model_type": "qwen3"}, "Qwen/Qwen3-0.6B", "… <think> …", profiles.QWEN3),
        ({"model_type": "qwen2"}, "Qwen/Qwen2.5-Math-1.5B-Instruct", "…", profiles.QWEN25_MATH),
        ({"model_type": "qwen2"}, "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "…", profiles.R1_DISTILL),
        ({"model_type": "qwen2"}, "my-copy", "<｜Assistant｜>", profiles.R1_DISTILL),
        ({"model_type": "smollm3"}, "HuggingFaceTB/SmolLM3-3B", "<think>", profiles.SMOLLM3),
        ({"model_type": "llama"}, "llama", "<|start_header_id|>", profiles.LLAMA3),
        ({"model_type": "gemma"}, "gemma", "<start_of_turn>", profiles.GEMMA),
        ({"model_type": "gpt_neox"}, "other", "…", profiles.CHAT),
        ({"model_type": "gpt_neox"}, "other", None, profiles.PLAIN),
    ],
)
def test_profiles_by_family(config: dict, name: str, template: str | None, profile: object):
    assert profiles.profile_for(config, name, template) is profile


def test_scripted_has_every_scorer():
    for scorer in catalogue.scorers_for("scripted"):
        assert catalogue.load_scorer(scorer, "scripted").name == scorer


def test_facts_are_plain_values():
    facts = catalogue.find("scripted")
    assert replace(facts, note="").title
