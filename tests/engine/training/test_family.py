"""A smoke training of the whole family: a policy from nothing, a larger one and a reward grown from it."""

import json
from dataclasses import replace
from functools import partial

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForTokenClassification

from engine import training
from engine.errors import BadInput
from engine.training import evaluate, policy, reward, surprise_layer
from tests.engine.training.conftest import RECIPE


@pytest.fixture(scope="module")
def family(tokenizer, tmp_path_factory):
    """The folder of the models, with a policy in it that a smoke training has made."""
    models = tmp_path_factory.mktemp("family")
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(policy.RECIPES, "ponder-1m", RECIPE)
        patch.setattr(policy.tokenizers, "build", lambda: tokenizer)
        patch.setattr(policy, "CARD_PROBLEMS", 1)
        patch.setattr(evaluate, "CELLS", (("arithmetic", 1),))
        folder = training.train("ponder-1m", work=models / "work", models=models, tokens=40_000)
    assert folder == models / "ponder-1m"
    return models


def test_a_smoke_training_goes_through_both_stages_and_leaves_a_folder(family):
    curve = (family / "ponder-1m" / "curve.csv").read_text().splitlines()
    assert int(curve[-1].split(",")[1]) >= 40_000 and float(curve[-1].split(",")[3]) < 0.5
    own = (family / "work" / "ponder-1m" / "own_solutions.jsonl").read_text().splitlines()
    assert len(own) >= 30 and {"hopes", "is_right"} <= set(json.loads(own[0]))
    assert "ponder-1m" in (family / "ponder-1m" / "README.md").read_text()
    assert (
        AutoModelForCausalLM.from_pretrained(family / "ponder-1m", dtype=torch.float32).num_parameters() > 0
    )


def test_a_larger_policy_is_grown_from_the_smaller(family, monkeypatch):
    larger = replace(RECIPE, hidden=128, layers=3, heads=4, inner=96, grown_from="ponder-1m")
    monkeypatch.setitem(policy.RECIPES, "ponder-8m", larger)
    monkeypatch.setattr(policy, "CARD_PROBLEMS", 1)
    monkeypatch.setattr(evaluate, "CELLS", (("arithmetic", 1),))
    folder = training.train("ponder-8m", work=family / "work", models=family, tokens=20_000)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    assert model.config.num_hidden_layers == 3
    assert "grown from ponder-1m" in (folder / "README.md").read_text()
    monkeypatch.setitem(policy.RECIPES, "ponder-8m", replace(larger, grown_from="ponder-3m"))
    with pytest.raises(BadInput, match="grown from ponder-3m, which is not there yet"):
        training.train("ponder-8m", work=family / "work", models=family, tokens=20_000)


def test_a_reward_is_grown_from_the_finished_policy(family, monkeypatch):
    with pytest.raises(BadInput, match="starts from ponder-3m, which is not there yet"):
        training.train("ponder-prm-3m", work=family / "work", models=family, tokens=20_000)
    monkeypatch.setattr(reward, "POLICY", "ponder-1m")
    monkeypatch.setattr(reward, "SAMPLES", 30)
    monkeypatch.setattr(reward, "FITTED_ON", 16)
    monkeypatch.setattr(surprise_layer, "FITTING_STEPS", 20)
    monkeypatch.setattr(reward, "judge", partial(reward.judge, problems=2))
    folder = training.train("ponder-prm-3m", work=family / "work", models=family, tokens=20_000)
    model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32)
    assert model.config.num_hidden_layers == RECIPE.layers + 3
    assert "area under the curve" in (folder / "README.md").read_text()
