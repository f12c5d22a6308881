"""Training: a model learns, its curve is written, no interruption changes it; tokenizer, batches, heads."""

import copy
import random
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaForCausalLM,
)

from engine.errors import BadInput, TrainingStopped
from engine.models.catalogue import BUNDLED_FOLDER
from engine.training import batches, reward, surprise_layer
from engine.training import train as start
from engine.training.batches import PARTS, Batches
from engine.training.examples import reason
from engine.training.export import export_policy
from engine.training.loop import Schedule, train
from engine.training.policy import Recipe, new_model, next_token_loss
from engine.training.position_heads import set_gathering_heads
from tests.engine.training.conftest import RECIPE


def smoke(tokenizer, folder, planned=24_000, **settings):
    torch.set_num_threads(1)
    return train(
        new_model(RECIPE, tokenizer),
        lambda pool: iter(Batches(tokenizer, reason, 2048, 1, pool)),
        next_token_loss,
        Schedule(planned, warmup_steps=2),
        folder,
        **settings,
    )


def test_text_survives_the_tokenizer_whole(tokenizer):
    text = "<|user|>Zorblat has 17 ⅓ coins.<|end|><|assistant|><think>\nUse 3 5\n</think> 58<|end|>"
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(ids) == text
    assert tokenizer.convert_ids_to_tokens(tokenizer.encode("17", add_special_tokens=False)) == ["1", "7"]


def test_a_name_is_the_same_tokens_wherever_it_stands(tokenizer):
    """Else what is said of it could not be found again."""
    for name in ("Jack", "Grufeapol"):
        alone = tokenizer.encode(name, add_special_tokens=False)
        for text in (f"Ben has 4 more coins than {name}.", f"{name} has 11 coins.", f"Does\n{name} have 3?"):
            ids = tokenizer.encode(text, add_special_tokens=False)
            assert any(ids[i : i + len(alone)] == alone for i in range(len(ids))), (name, text)


def test_the_chat_template_opens_or_skips_thinking(tokenizer):
    asked = [{"role": "user", "content": "Hi"}]
    render = lambda **k: tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True, **k)  # noqa: E731
    assert render() == "<|user|>Hi<|end|><|assistant|><think>\n"
    assert render(enable_thinking=False) == "<|user|>Hi<|end|><|assistant|><think></think>"


@pytest.mark.parametrize("places", [1, 2, 3])
def test_a_new_model_has_heads_that_read_the_tokens_before(tokenizer, places):
    shape = Recipe(hidden=192, layers=2, heads=6, shared_heads=2, inner=64, tokens=1)
    model = new_model(shape, tokenizer)
    model.set_attn_implementation("eager")
    ids = torch.tensor([tokenizer.encode("Ada has 5 beads. Bo has 12 beads. Cy has 3 beads.")])
    with torch.inference_mode():
        first = model(ids, output_attentions=True).attentions[0][0, places - 1]  # (T, T)
    at = torch.arange(places, ids.shape[1])
    assert (first[at, at - places] > 0.5).all()


def test_batches_are_a_function_of_seed_and_pool(tokenizer):
    first, again = (iter(Batches(tokenizer, reason, 2048, 1)) for _ in range(2))
    for _ in range(3):
        (_, step), (_, same) = next(first), next(again)
        for (ids, labels), (same_ids, _) in zip(step, same, strict=True):
            assert torch.equal(ids, same_ids)
            assert ids.numel() <= 2048 // PARTS
            assert ((labels == ids) | (labels == -100)).all()
        assert len({ids.shape[1] for ids, _ in step}) > 1  # a step holds examples of all lengths


def test_it_learns_and_writes_its_curve(tokenizer, tmp_path):
    smoke(tokenizer, tmp_path, planned=40_000)
    model = new_model(RECIPE, tokenizer)
    batch = next(iter(Batches(tokenizer, reason, 2048, 99)))[1][0]
    before = next_token_loss(model, batch).item()
    model.load_state_dict(torch.load(tmp_path / "checkpoint.pt", weights_only=True)["model"])
    assert next_token_loss(model, batch).item() < before - 0.5
    assert (tmp_path / "curve.csv").read_text().startswith("step,tokens,loss")


def test_a_folder_loads_with_the_library_alone_and_speaks_the_same(tokenizer, tmp_path):
    model = new_model(RECIPE, tokenizer)
    folder = export_policy("smoke", model, tokenizer, tmp_path, tmp_path / "out")
    loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    words = AutoTokenizer.from_pretrained(folder)
    ids = torch.tensor([words.encode(reason(random.Random(0))[0].text, add_special_tokens=False)])
    with torch.inference_mode():
        assert torch.allclose(loaded(ids).logits, model.float()(ids).logits, atol=2e-2)
    assert words.chat_template


def test_new_layers_learn_alone_and_write_at_their_own_rate(tokenizer, tmp_path):
    torch.set_num_threads(1)
    small = new_model(RECIPE, tokenizer)
    model, first = reward.new_reward(small), RECIPE.layers
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    schedule = Schedule(4_000, matrix_rate=1e-3, warmup_steps=1)
    with reward._only_new(model, first):
        train(
            model,
            lambda pool: iter(Batches(tokenizer, reward.made, 1024, 3, pool)),
            reward.reward_loss,
            schedule,
            tmp_path / "new",
            rate_of=reward.rates_of_new(first, 100.0),
            still={
                f"model.layers.{first}.self_attn.o_proj.weight": torch.arange(
                    RECIPE.hidden + surprise_layer.WIDTH
                )[:, None]
                >= 100
            },
        )
    assert all(w.requires_grad for name, w in model.named_parameters() if not name.endswith("o_proj.bias"))

    def moved(name: str) -> float:
        return float((model.state_dict()[name] - before[name]).norm())

    assert all(moved(name) == 0 for name in before if "embed" in name or f".layers.{first - 1}." in name)
    read, written = (moved(f"model.layers.{first + 1}.mlp.{part}_proj.weight") for part in ("up", "down"))
    assert 0 < 10 * read < written
    name = f"model.layers.{first}.self_attn.o_proj.weight"
    change = (model.state_dict()[name] - before[name]).abs().sum(1)
    assert change[100:].sum() == 0 < change[:100].min()


@pytest.fixture(scope="module")
def surprised():
    """The smallest bundled policy, a reward grown from it with its surprise layer, and rows not fitted on."""
    folder = BUNDLED_FOLDER / "ponder-1m"
    small = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rng = random.Random(5)
    rows = [batches.rows_of(tokenizer, reward.made(rng))[0] for _ in range(120)]
    model = reward.new_reward(small).eval()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surprise_layer, "FITTING_STEPS", 600)
        norm, place = small.model.norm.weight.detach(), small.config.num_hidden_layers
        surprise_layer.set_surprise_layer(model, place, norm, [(row, 20) for row in rows[:100]])
    return small, model, rows[100:]


def test_a_surprise_layer_tells_how_unlikely_the_policy_finds_each_token(surprised):
    small, model, rows = surprised
    old, place, exact, told = small.config.hidden_size, small.config.num_hidden_layers, [], []
    with torch.inference_mode():
        for row in rows:
            ids = torch.tensor([row])
            chances = small(input_ids=ids).logits[0, 19:-1].log_softmax(-1)
            exact.append(-chances.gather(1, ids[0, 20:, None])[:, 0].clamp(min=-surprise_layer.MOST))
            states = model.model(input_ids=ids, output_hidden_states=True).hidden_states[place + 1][0, 20:]
            told.append(states[:, old:][:, surprise_layer.TOLD.start] / surprise_layer.LOUD)
    both = torch.stack([torch.cat(exact), torch.cat(told)])
    assert both[0].std() > 0.5
    assert torch.corrcoef(both)[0, 1] > 0.9


def test_nothing_below_a_surprise_layer_learns_to_write_its_coordinates(surprised):
    small, model, _ = surprised
    old, place = small.config.hidden_size, small.config.num_hidden_layers
    masks = surprise_layer.kept_apart(model, place)
    below = f"model.layers.{place - 1}.mlp.down_proj.weight"
    assert masks[below][old:].all() and not masks[below][:old].any()
    assert f"model.layers.{place}.mlp.down_proj.weight" not in masks
    for name, mask in masks.items():
        assert 0 < torch.zeros_like(model.get_parameter(name)).masked_fill(mask, 1).mean() < 1


def test_a_head_too_narrow_for_a_surprise_layer_is_refused(tokenizer):
    small = new_model(Recipe(hidden=32, layers=1, heads=2, shared_heads=1, inner=64, tokens=1), tokenizer)
    with pytest.raises(ValueError, match="wider than 20"):
        surprise_layer.set_surprise_layer(reward.new_reward(small), 1, small.model.norm.weight, [])


def test_a_gathering_head_attends_to_what_it_gathers(tokenizer):
    small = new_model(RECIPE, tokenizer)
    model, place = reward.new_reward(small).eval(), RECIPE.layers + 1
    model.set_attn_implementation("eager")
    ids = torch.randint(9, len(tokenizer), (1, 30), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        state = model.model(input_ids=ids, output_hidden_states=True).hidden_states[place][0]
        normed = torch.nn.functional.rms_norm(state, state.shape[-1:])
        reading = 8 * normed[11] / normed[11].square().sum()  # 8 at place 11, less elsewhere
        set_gathering_heads(model, place, reading)
        attended = model.model(input_ids=ids, output_attentions=True).attentions[place]
    assert int(attended[0, 0, -1].argmax()) == 11


def test_a_surprise_layer_reads_one_place_back_whatever_the_states(surprised):
    small, model, rows = surprised
    eager = copy.deepcopy(model)
    eager.set_attn_implementation("eager")
    with torch.no_grad():
        attended = eager.model(input_ids=torch.tensor([rows[0]]), output_attentions=True).attentions
    at = attended[small.config.num_hidden_layers][0, 0]  # the first head (T, T)
    assert at.diagonal(-1).min() > 0.999


def test_interrupted_and_resumed_gives_the_weights_of_an_uninterrupted_training(
    tokenizer, tmp_path, monkeypatch
):
    monkeypatch.setattr(batches, "POOL", 128)
    whole = smoke(tokenizer, tmp_path / "whole")

    def killed(model, seen):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        smoke(tokenizer, tmp_path / "parts", checkpoint_seconds=0, on_checkpoint=killed)
    first = torch.load(tmp_path / "parts" / "checkpoint.pt", weights_only=True)
    resumed = smoke(tokenizer, tmp_path / "parts", is_resumed=True)
    assert 0 < first["seen"] < 24_000
    for name, weight in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], weight)
    assert not torch.equal(first["model"]["lm_head.weight"], whole.state_dict()["lm_head.weight"])


@pytest.fixture
def trained(tokenizer, tmp_path):
    """The folder of a training that was ended after its first checkpoint."""
    smoke(tokenizer, tmp_path)
    return tmp_path


def test_a_damaged_checkpoint_is_refused_in_one_sentence(tokenizer, trained):
    path = trained / "checkpoint.pt"
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"not a checkpoint"):
        path.write_bytes(damaged)
        with pytest.raises(BadInput, match=r"checkpoint\.pt cannot be read: move it away"):
            smoke(tokenizer, trained, is_resumed=True)
        assert path.read_bytes() == damaged
    torch.save({"weights": 1}, path)
    with pytest.raises(BadInput, match="is not a training's"):
        smoke(tokenizer, trained, is_resumed=True)


def test_a_checkpoint_of_another_model_is_refused(tokenizer, trained):
    state = torch.load(trained / "checkpoint.pt", weights_only=True)
    state["model"].popitem()
    torch.save(state, trained / "checkpoint.pt")
    with pytest.raises(BadInput, match="is of another model"):
        smoke(tokenizer, trained, is_resumed=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_on_a_full_disk_the_last_checkpoint_is_kept(tokenizer, trained):
    before = (trained / "checkpoint.pt").read_bytes()
    (trained / "checkpoint.tmp").symlink_to("/dev/full")
    with pytest.raises(TrainingStopped, match=r"No space left on device.*kept: make room, then go on"):
        smoke(tokenizer, trained, is_resumed=True, planned=48_000)
    assert (trained / "checkpoint.pt").read_bytes() == before
    assert not (trained / "checkpoint.tmp").is_symlink()


@pytest.mark.parametrize("name", ["ponder-1m", "ponder-prm-3m"])
def test_there_is_nothing_to_go_on_from_before_the_first_checkpoint(name, tmp_path):
    with pytest.raises(BadInput, match=r"no checkpoint in .*leave --resume out"):
        start(name, work=tmp_path, is_resumed=True)
