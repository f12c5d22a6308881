"""Public reward models, each against its authors' own recipe, on random weights of the same architecture.

Every model is written to a folder with the weight names of the published one and loaded from there.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf
from safetensors.torch import save_file
from torch import nn

from engine import prompts
from engine.backends.protocol import Profile
from engine.budget import Budget
from engine.errors import ModelUnavailable, ScorerUnavailable
from engine.models import catalogue, rewards
from engine.runs import RunSpec
from engine.scheduler import Scheduler
from engine.scoring.public_reward import PublicReward, answer_of, steps_of
from engine.tasks.problem import Problem
from engine.tree import Node, Tree
from tests.engine import tiny_models
from tests.engine.tiny_models import SHAPE

PROFILE = Profile(think_open="<think>", think_close="</think>")
QUESTION = "Compute 12 + 7."
STEPS = ["12 + 7 = 19", "so the answer is 19", "it is right"]


def tokenizer() -> Any:
    """The tiny tokenizer with the marks that the rewards' own tokenizers know."""
    made = copy.deepcopy(tiny_models.tokenizer())
    made.add_tokens(["<extra_0>", "ки"])
    return made


def common(**more: Any) -> dict[str, Any]:
    tokens = tokenizer()
    base = {"vocab_size": len(tokens), "initializer_range": 0.3, "pad_token_id": tokens.pad_token_id}
    return {**base, **SHAPE, **more}


class Headed(nn.Module):
    """A Qwen2 with a head of its own, as the two process rewards with own code are published."""

    def __init__(self, head: str) -> None:
        super().__init__()
        config = hf.Qwen2Config(**common())
        self.model = hf.Qwen2Model(config)
        self.lm_head = nn.Linear(48, 4)  # published along with the rest, and of no use
        if head == "score":
            self.score = nn.Sequential(nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
        else:
            self.v_head = nn.ModuleDict({"summary": nn.Linear(48, 1)})
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.3)

    def publish(self, folder: Path, architecture: str) -> None:
        folder.mkdir(parents=True)
        config = self.model.config.to_dict() | {"architectures": [architecture], "dtype": "float32"}
        config["auto_map"] = {"AutoModel": "modeling_of_the_authors.TheirModel"}  # never run
        (folder / "config.json").write_text(json.dumps(config))
        save_file(dict(self.state_dict()), folder / "model.safetensors", {"format": "pt"})
        published(folder)


def published(folder: Path) -> Any:
    """The tokenizer as it is read back: the library may take a family's own class for it."""
    tokenizer().save_pretrained(folder)
    return hf.AutoTokenizer.from_pretrained(folder)


@torch.inference_mode()
def qwen(folder: Path) -> list[float]:
    """The model card's recipe."""
    torch.manual_seed(1)
    model = Headed("score").eval()
    model.publish(folder, "Qwen2ForProcessRewardModel")
    tokens = published(folder)
    messages = [
        {"role": "system", "content": prompts.BOXED},
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": "<extra_0>".join(STEPS) + "<extra_0>"},
    ]
    text = tokens.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
    ids = tokens.encode(text, return_tensors="pt", add_special_tokens=False)
    probabilities = model.score(model.model(ids).last_hidden_state).softmax(-1)[0]
    return probabilities[ids[0] == tokens.convert_tokens_to_ids("<extra_0>")][:, 1].tolist()


@torch.inference_mode()
def skywork(folder: Path) -> list[float]:
    """The authors' prepare_input, and the sigmoid of the value head at its flags."""
    torch.manual_seed(2)
    model = Headed("v_head").eval()
    model.publish(folder, "Qwen2ForPrmModel")
    tokens = published(folder)
    ids = tokens.encode((tokens.bos_token or "") + QUESTION + "\n", add_special_tokens=False)
    flags = [False] * len(ids)
    newline = tokens.encode("\n", add_special_tokens=False)[-1]
    for step in STEPS:
        more = [*tokens.encode(step, add_special_tokens=False), newline]
        flags += [False] * (len(more) - 1) + [True]
        ids += more
    values = model.v_head["summary"](model.model(torch.tensor([ids])).last_hidden_state)[0, :, 0]
    return values[torch.tensor(flags)].sigmoid().tolist()


@torch.inference_mode()
def rlhflow(folder: Path) -> list[float]:
    """One forward for each step, up to where the assistant would say + or -."""
    torch.manual_seed(3)
    model = hf.LlamaForCausalLM(hf.LlamaConfig(**common())).eval()
    model.save_pretrained(folder)
    tokens = published(folder)
    signs = [tokens.encode(sign)[-1] for sign in "+-"]
    messages: list[dict[str, str]] = []
    found = []
    for k, step in enumerate(STEPS):
        messages.append({"role": "user", "content": f"{QUESTION} {step}" if k == 0 else step})
        text = tokens.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        ids = tokens.encode(text, return_tensors="pt", add_special_tokens=False)
        found.append(float(model(ids).logits[0, -1, signs].softmax(-1)[0]))
        messages.append({"role": "assistant", "content": "+"})
    return found


@torch.inference_mode()
def shepherd(folder: Path) -> list[float]:
    """The model card's recipe."""
    torch.manual_seed(4)
    model = hf.MistralForCausalLM(hf.MistralConfig(**common())).eval()
    model.save_pretrained(folder)
    tokens = published(folder)
    text = f"{QUESTION} " + "\n".join(f"{step} ки" for step in STEPS)
    ids = torch.tensor([tokens.encode(text)])
    signs = [tokens.encode(sign)[-1] for sign in "+-"]
    scores = model(ids).logits[:, :, signs].softmax(-1)[:, :, 0]
    return scores[ids == tokens.encode("ки")[-1]].tolist()


@torch.inference_mode()
def trl(folder: Path) -> list[float]:
    """As TRL's trainer writes its rows."""
    torch.manual_seed(5)
    model = hf.Qwen2ForTokenClassification(hf.Qwen2Config(**common(num_labels=2))).eval()
    model.save_pretrained(folder)
    tokens = published(folder)
    separator = tokens.encode("\n\n", add_special_tokens=False)
    ids = tokens.encode(QUESTION, add_special_tokens=False)
    ends = []
    for step in STEPS:
        ids += tokens.encode(step, add_special_tokens=False) + separator
        ends.append(len(ids) - 1)
    return model(torch.tensor([ids])).logits[0].softmax(-1)[ends, 1].tolist()


RECIPES: dict[str, tuple[Callable[[Path], list[float]], str]] = {
    "qwen": (qwen, "anything"),
    "skywork": (skywork, "anything"),
    "rlhflow": (rlhflow, "Llama3.1-8B-PRM-Deepseek-Data"),
    "shepherd": (shepherd, "math-shepherd-mistral-7b-prm"),
    "trl": (trl, "anything"),
}


def nowhere(name: str) -> Path | None:
    return None


def chain(steps: list[str], is_final: bool = True) -> list[Node]:
    """One node a step, each but the last ended as a step ends."""
    tree = Tree(QUESTION, Problem(QUESTION))
    node, nodes = tree.root, []
    for at, step in enumerate(steps):
        node = tree.add(node)
        is_last = at == len(steps) - 1
        tree.finish(node, text=step if is_last else f"{step}\n\n", is_final=is_last and is_final)
        nodes.append(node)
    return nodes


@pytest.mark.parametrize("family", RECIPES)
def test_a_process_reward_scores_as_its_authors_do(family: str, tmp_path: Path) -> None:
    recipe, name = RECIPES[family]
    folder = tmp_path / name
    expected = recipe(folder)
    assert len({round(value, 4) for value in expected}) == 3
    scorer = rewards.load("process", str(folder), nowhere, PROFILE)
    assert scorer.name == "process_reward"

    (whole,) = chain(["\n\n".join(STEPS)])
    (cost,) = scorer.cost([whole])
    (verdict,) = scorer.score([whole])
    assert verdict.steps == pytest.approx(expected, abs=1e-5)
    assert verdict.value == pytest.approx(expected[-1], abs=1e-5)
    assert verdict.tokens == cost > 0
    # Step by step in nodes of their own, each is judged on what came before it: the same scores.
    nodes = chain(STEPS)
    verdicts = scorer.score(nodes)
    assert [verdict.value for verdict in verdicts] == pytest.approx(expected, abs=1e-5)
    assert [len(verdict.steps or ()) for verdict in verdicts] == [1, 1, 1]
    # Asked again, nothing is read.
    assert scorer.cost(nodes) == [0, 0, 0]
    assert [verdict.tokens for verdict in scorer.score(nodes)] == [0, 0, 0]


@pytest.mark.parametrize("family", ["qwen", "shepherd"])
def test_a_mark_in_the_text_itself_places_nothing(family: str, tmp_path: Path) -> None:
    recipe, name = RECIPES[family]
    recipe(tmp_path / name)
    scorer = rewards.load("process", str(tmp_path / name), nowhere, PROFILE)
    (clean,) = scorer.score(chain(["1 + 1\n\n= 2"]))
    (marked,) = scorer.score(chain(["1 + 1<extra_0>ки\n\n= 2"]))
    assert len(marked.steps or ()) == len(clean.steps or ()) == 2


@torch.inference_mode()
@pytest.mark.parametrize("kind", ["qwen3", "llama"])
@pytest.mark.parametrize("pad", ["own", "end", "none"])
def test_an_outcome_reward_pools_where_transformers_does(kind: str, pad: str, tmp_path: Path) -> None:
    torch.manual_seed(6)
    tokens = tokenizer()
    ids = {"own": tokens.pad_token_id, "end": tokens.eos_token_id, "none": None}
    settings = common(num_labels=1, pad_token_id=ids[pad], eos_token_id=tokens.eos_token_id)
    if kind == "qwen3":
        model = hf.Qwen3ForSequenceClassification(hf.Qwen3Config(**settings, head_dim=16))
    else:
        model = hf.LlamaForSequenceClassification(hf.LlamaConfig(**settings))
    # A template that ends with the end token, where a padding that is the end token would be skipped.
    tokens.chat_template = tokens.chat_template.replace("<|im_end|>{{ '\\n' }}", "<|im_end|>")
    model.eval().save_pretrained(tmp_path / "orm")
    tokens.save_pretrained(tmp_path / "orm")
    tokens = hf.AutoTokenizer.from_pretrained(tmp_path / "orm")
    scorer = rewards.load("outcome", str(tmp_path / "orm"), nowhere, PROFILE)
    assert scorer.name == "outcome_reward"

    answers = ["<think>12 + 7</think>It is 19.", "It is 18, since 12 + 7 = 18, and no more."]
    nodes = [chain([answer])[0] for answer in answers]
    values = [verdict.value for verdict in scorer.score(nodes)]
    for value, said in zip(values, ["It is 19.", answers[1]], strict=True):
        messages = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": said}]
        text = tokens.apply_chat_template(messages, tokenize=False)
        logit = float(model(**tokens(text, return_tensors="pt")).logits[0, 0])
        assert value == pytest.approx(1 / (1 + torch.tensor(-logit / 4).exp().item()), abs=1e-5)
    assert values[0] != values[1]
    (unfinished,) = scorer.score(chain(["It is"], is_final=False))
    assert unfinished.value is None


def test_what_is_longer_than_the_model_reads_is_an_abstention(tmp_path: Path) -> None:
    trl(tmp_path / "prm")
    scorer = rewards.load("process", str(tmp_path / "prm"), nowhere, PROFILE)
    long = chain(["1 + 1 = 2 " * 300])[0]
    assert scorer.cost([long]) == [0]
    assert scorer.score([long])[0].value is None


def test_an_output_that_is_no_number_fails_and_is_no_score(tmp_path: Path) -> None:
    trl(tmp_path / "prm")
    scorer = rewards.load("process", str(tmp_path / "prm"), nowhere, PROFILE)
    with torch.no_grad():
        scorer._reward.base.norm.weight.fill_(float("nan"))
    with pytest.raises(ScorerUnavailable, match="not a number"):
        scorer.score(chain(STEPS))


def test_a_device_short_of_memory_reads_fewer_texts_at_once(tmp_path: Path) -> None:
    trl(tmp_path / "prm")
    scorer = rewards.load("process", str(tmp_path / "prm"), nowhere, PROFILE)
    nodes = [chain([f"{number} + 1"])[0] for number in range(6)]
    expected = [verdict.value for verdict in scorer.score(nodes)]
    again = rewards.load("process", str(tmp_path / "prm"), nowhere, PROFILE)
    forward = again._forward

    def tight(texts: Any) -> list[list[float]]:
        if len(texts) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(texts)

    again._forward = tight  # type: ignore[method-assign]
    assert [verdict.value for verdict in again.score(nodes)] == pytest.approx(expected, abs=1e-6)


def test_a_reward_of_an_unknown_format_or_with_other_labels_or_no_head_is_refused(tmp_path: Path) -> None:
    tiny_models.model("llama").save_pretrained(tmp_path / "policy")
    tokenizer().save_pretrained(tmp_path / "policy")
    with pytest.raises(ScorerUnavailable, match="no process reward whose format"):
        rewards.load("process", str(tmp_path / "policy"), nowhere, PROFILE)
    with pytest.raises(ScorerUnavailable, match="no outcome reward"):
        rewards.load("outcome", str(tmp_path / "policy"), nowhere, PROFILE)
    hf.Qwen2ForTokenClassification(hf.Qwen2Config(**common(num_labels=3))).save_pretrained(tmp_path / "three")
    tokenizer().save_pretrained(tmp_path / "three")
    with pytest.raises(ScorerUnavailable, match="3 labels"):
        rewards.load("process", str(tmp_path / "three"), nowhere, PROFILE)
    Headed("score").publish(tmp_path / "headless", "Qwen2ForPrmModel")
    with pytest.raises(ModelUnavailable, match="v_head"):
        rewards.load("process", str(tmp_path / "headless"), nowhere, PROFILE)
    with pytest.raises(ModelUnavailable, match="hf download"):
        rewards.load("process", "Skywork/Skywork-o1-Open-PRM-Qwen-2.5-7B", nowhere, PROFILE)


def test_steps_and_answers_are_found_without_the_tags_of_the_thinking() -> None:
    said = "<think>\none\n\ntwo\n</think>\n\nthree"
    assert steps_of(said, PROFILE) == ["one", "two", "three"]
    assert steps_of("a\nb\n\n", Profile(step_ends=("\n",))) == ["a", "b"]
    assert answer_of(said, PROFILE) == "three"
    assert answer_of("<think>one</think>", PROFILE) == "<think>one</think>"
    assert answer_of("two", Profile()) == "two"


@pytest.mark.parametrize(("kind", "strategy"), [("process", "beam_search"), ("outcome", "best_of_n")])
def test_a_reward_named_in_the_settings_judges_a_folders_runs(
    kind: Any, strategy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A short context ends the chains of a model that knows no end.
    tiny_models.model("llama", max_position_embeddings=160).save_pretrained(tmp_path / "policy")
    tiny_models.tokenizer().save_pretrained(tmp_path / "policy")
    if kind == "process":
        trl(tmp_path / "reward")
    else:
        model = hf.Qwen3ForSequenceClassification(hf.Qwen3Config(**common(head_dim=16, num_labels=1)))
        model.save_pretrained(tmp_path / "reward")
        tokenizer().save_pretrained(tmp_path / "reward")
    monkeypatch.setenv(rewards.VARIABLES[kind], str(tmp_path / "reward"))
    name = str(tmp_path / "policy")
    scorer = f"{kind}_reward"
    assert catalogue.scorers_for(name)[0] == scorer
    assert isinstance(catalogue.load_scorer(scorer, name), PublicReward)
    loop = Scheduler(catalogue.load_backend, catalogue.load_scorer, catalogue.find)
    params = {"scorer": "auto" if kind == "process" else scorer, "temperature": 2.0}
    run = loop.submit(RunSpec(QUESTION, name, strategy, params, seed=1, budget=Budget(max_tokens=6000)))
    loop.run_until_idle()
    assert run.status in ("finished", "partial"), run.status_reason
    assert run.spec.params["scorer"] == scorer
    assert run.usage.scorer_tokens > 0
    assert run.usage.spent_tokens <= 6000
    scored = [node for node in run.tree.nodes if scorer in node.scores]
    assert scored
    assert kind == "process" or all(node.is_final for node in scored)
