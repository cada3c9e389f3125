"""LoRA and frozen parts: what learns, what stays, and that a plain model comes out of both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError, TrainingError
from core.finetune import runs
from core.finetune.adapters import bind
from core.finetune.checkpoint_model import write_checkpoint_model
from core.finetune.checkpoints import COMPLETE, latest_checkpoint
from core.finetune.engines import PlainEngine
from core.finetune.export import check_reloaded, gathered_weights, write_model
from core.finetune.methods import (
    adapted_layers,
    apply_method,
    check_base,
    check_method,
    frozen_norm,
    load_trained,
    merged_weights,
    num_weights,
    with_frozen,
    without_frozen,
)
from core.finetune.models import load_model, load_tokenizer
from core.finetune.settings import FineTuneSettings
from core.storage.files import read_json
from core.storage.workspace import Workspace

WIDTH, RANK = 16, 4
BART = {
    "vocab_size": 50, "d_model": WIDTH, "encoder_layers": 1, "decoder_layers": 1,
    "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32, "max_position_embeddings": 64, "pad_token_id": 1,
    "decoder_start_token_id": 2,
}  # fmt: skip
T5 = {"vocab_size": 50, "d_model": WIDTH, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}


def m2m100() -> Any:
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    return M2M100ForConditionalGeneration(M2M100Config(**BART))


def mbart() -> Any:
    from transformers import MBartConfig, MBartForConditionalGeneration

    return MBartForConditionalGeneration(MBartConfig(**BART))


def marian() -> Any:
    from transformers import MarianConfig, MarianMTModel

    return MarianMTModel(MarianConfig(**BART))


def t5() -> Any:
    from transformers import T5Config, T5ForConditionalGeneration

    return T5ForConditionalGeneration(T5Config(**T5))


def mt5() -> Any:
    """As MADLAD: gated feed-forward blocks, output weights of its own."""
    import torch
    from transformers import MT5Config, MT5ForConditionalGeneration

    model = MT5ForConditionalGeneration(MT5Config(**T5, feed_forward_proj="gated-gelu"))
    model.lm_head = torch.nn.Linear(WIDTH, T5["vocab_size"], bias=False)
    return model


FAMILIES = [m2m100, mbart, marian, t5, mt5]
Make = Callable[[], Any]


def seeded(make: Make) -> Any:
    import torch

    torch.manual_seed(3)
    return make().eval()


def settings_of(**changes: Any) -> FineTuneSettings:
    small = {"lora_rank": RANK, "lora_alpha": 6.0, "lora_dropout": 0.0, "engine": "plain"}
    return FineTuneSettings.parse({**small, **changes})


LORA = settings_of(method="lora", lora_targets="attention and feed-forward")


def logits(model: Any) -> Any:
    import torch

    ids = torch.tensor([[5, 9, 7, 2], [8, 6, 11, 2]])
    with torch.no_grad():
        return model(input_ids=ids, decoder_input_ids=ids[:, :3]).logits


def copied(model: Any) -> dict[str, Any]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def drawn(model: Any) -> Any:
    """Gives a model whose trained weights are all drawn anew, LoRA's zeros too."""
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.normal_(std=0.3)
    return model


def stepped(model: Any, settings: FineTuneSettings) -> Any:
    """Makes two optimizer steps."""
    import torch

    engine = PlainEngine(model, settings, world_size=1)
    ids = torch.tensor([[5, 9, 7, 2], [8, 6, 11, 2]])
    for _ in range(2):
        found = engine.forward(input_ids=ids, decoder_input_ids=ids[:, :3]).logits
        loss = torch.nn.functional.cross_entropy(found.flatten(0, 1), ids[:, 1:].flatten())
        engine.backward(loss, is_last=True)
        engine.step(0.01)
    return model


@pytest.mark.parametrize(
    ("make", "attention", "feed_forward"),
    [
        (m2m100, {"q_proj", "k_proj", "v_proj", "out_proj"}, {"fc1", "fc2"}),
        (mbart, {"q_proj", "k_proj", "v_proj", "out_proj"}, {"fc1", "fc2"}),
        (marian, {"q_proj", "k_proj", "v_proj", "out_proj"}, {"fc1", "fc2"}),
        (t5, {"q", "k", "v", "o"}, {"wi", "wo"}),
        (mt5, {"q", "k", "v", "o"}, {"wi_0", "wi_1", "wo"}),
    ],
)
def test_lora_finds_the_layers_of_each_family(
    make: Make, attention: set[str], feed_forward: set[str]
) -> None:
    model = make()
    few = adapted_layers(model, "attention")
    many = adapted_layers(model, "attention and feed-forward")
    assert {name.rpartition(".")[2] for name in few} == attention
    assert {name.rpartition(".")[2] for name in set(many) - set(few)} == feed_forward
    # One attention in the encoder's layer, two in the decoder's; a feed-forward block in each.
    assert (len(few), len(many)) == (12, 12 + 2 * len(feed_forward))


def test_model_without_such_layers_is_refused() -> None:
    import torch

    model = torch.nn.ModuleDict({"q_proj": torch.nn.Linear(2, 2), "lm_head": torch.nn.Linear(2, 2)})
    check_method(model, settings_of())
    check_method(model, settings_of(method="lora"))
    with pytest.raises(ConfigError, match="LoRA finds no feed-forward layer in a ModuleDict"):
        check_method(model, LORA)
    with pytest.raises(ConfigError, match="LoRA finds no attention layer in a Linear"):
        apply_method(torch.nn.Linear(2, 2), LORA)


def test_lora_starts_as_the_base_model_and_alike_on_every_process() -> None:
    import torch

    states = []
    for rank in range(2):
        model = seeded(m2m100)
        before = logits(model)
        torch.manual_seed(1000 + rank)  # as seed_everything does
        apply_method(model, LORA)
        assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.manual_seed(1000 + rank)))
        assert torch.equal(logits(model), before)
        states.append(copied(model))
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())
    other = seeded(m2m100)
    apply_method(other, LORA.changed(seed=LORA.seed + 1))
    name = next(name for name in states[0] if ".lora_A." in name)
    assert not torch.equal(other.state_dict()[name], states[0][name])


@pytest.mark.parametrize("make", FAMILIES)
def test_merged_model_computes_what_the_adapted_one_does(make: Make) -> None:
    import torch

    model = seeded(make)
    base = copied(model)
    apply_method(model, LORA)
    unchanged = logits(model)
    drawn(model)
    expected = logits(model)
    assert not torch.allclose(expected, unchanged, rtol=0.1)
    weights = merged_weights(gathered_weights(model, is_split=False, is_first=True), LORA)
    assert weights.keys() == base.keys()
    changed = {name for name, tensor in base.items() if not torch.equal(tensor, weights[name])}
    layers = adapted_layers(seeded(make), LORA.lora_targets)
    assert changed == {f"{name}.weight" for name in layers}
    plain = make().eval()
    plain.load_state_dict(weights)
    torch.testing.assert_close(logits(plain), expected, rtol=1e-3, atol=1e-4)


def test_merged_model_is_written_and_reloaded_as_a_plain_one(
    ready_folder: Path, tmp_path: Path
) -> None:
    import torch

    starter = str(ready_folder / "models" / "starter")
    model = load_model(starter)
    adapter = bind(load_tokenizer(starter), "eng_Latn", "gle_Latn")
    apply_method(model, LORA)
    drawn(model).eval()
    weights = gathered_weights(model, is_split=False, is_first=True)
    written = write_model(tmp_path / "model", model, weights, adapter, LORA)
    check_reloaded(tmp_path / "model", written, [[5, 9, 7, 2]])
    reloaded = load_model(str(tmp_path / "model")).eval()
    assert num_weights(reloaded)[0] == num_weights(load_model(starter))[0]
    torch.testing.assert_close(logits(reloaded), logits(model), rtol=1e-3, atol=1e-4)
    del weights[next(name for name in weights if ".lora_B." in name)]
    with pytest.raises(TrainingError, match=r"LoRA's matrices are missing: model\.\S+\.lora_B"):
        merged_weights(weights, LORA)


def test_rounding_of_bf16_happens_once() -> None:
    import torch

    model = seeded(m2m100)
    apply_method(model, LORA)
    drawn(model).to(torch.bfloat16)
    weights = copied(model)
    merged = merged_weights(weights, LORA)
    layer = adapted_layers(seeded(m2m100), "attention")[0]
    base, down, up = (
        weights[f"{layer}.{part}.weight"].double()
        for part in ("base_layer", "lora_A.default", "lora_B.default")
    )
    exact = base + LORA.lora_alpha / LORA.lora_rank * up @ down
    assert merged[f"{layer}.weight"].dtype == torch.bfloat16
    # bf16 has eight bits: half of the last one is at most 2 ** -8 of the value.
    torch.testing.assert_close(merged[f"{layer}.weight"].double(), exact, rtol=2**-8, atol=1e-6)


def test_lora_counts_and_trains_its_matrices_alone() -> None:
    import torch

    settings = settings_of(method="lora")
    model = seeded(m2m100)
    num_base, all_trained = num_weights(model)
    base = copied(model)
    apply_method(model, settings)
    num_added = 12 * RANK * 2 * WIDTH
    assert num_weights(model) == (num_base + num_added, num_added)
    assert all_trained == num_base
    stepped(model, settings)
    for name, tensor in copied(model).items():
        if ".lora_" not in name:
            assert torch.equal(tensor, base[name.replace(".base_layer", "")]), name
        elif ".lora_B." in name:
            assert tensor.abs().max() > 0, name


WORDS = {"shared", "embed_tokens", "lm_head"}


@pytest.mark.parametrize(
    ("freeze", "encoder_stays", "words_stay"),
    [
        ("nothing", False, False),
        ("embeddings", False, True),
        ("encoder", True, False),
        ("encoder and embeddings", True, True),
    ],
)
@pytest.mark.parametrize("make", FAMILIES)
def test_frozen_parts_stay_and_all_others_learn(
    make: Make, freeze: str, encoder_stays: bool, words_stay: bool
) -> None:
    import torch

    settings = settings_of(freeze=freeze, weight_decay=0.1)
    model = seeded(make)
    base = copied(model)
    apply_method(model, settings)
    stepped(model, settings)
    for name, tensor in copied(model).items():
        part = name.split(".")[-2] if "." in name else name
        if part == "final_logits_bias" or (make is marian and part == "embed_positions"):
            stays = True  # no weights: constants, and computed positions
        elif part in WORDS:
            stays = words_stay and not (make is mt5 and part == "lm_head")
        elif part in ("embed_positions", "relative_attention_bias"):
            stays = words_stay or (encoder_stays and "encoder." in name)
        else:
            stays = encoder_stays and "encoder." in name.replace("model.", "")[:8]
        assert torch.equal(tensor, base[name]) == stays, name


def test_frozen_weights_are_left_out_of_a_checkpoint_and_come_back() -> None:
    import torch

    model = seeded(mbart)
    apply_method(model, LORA)
    drawn(model)
    state = without_frozen(model)
    assert {name for name in state if ".lora_" not in name} == {"final_logits_bias"}
    resumed = seeded(mbart)
    apply_method(resumed, LORA)
    load_trained(resumed, state)
    assert torch.equal(logits(resumed), logits(model))
    full = with_frozen(model, state)
    assert full.keys() == model.state_dict().keys()  # by all names of a tied weight

    lost = next(name for name in state if ".lora_B." in name)
    rest = {name: tensor for name, tensor in state.items() if name != lost}
    for wrong in (rest, {**state, "other": torch.zeros(1)}):
        with pytest.raises(TrainingError, match=f"does not fit the model: ({lost}|other)"):
            load_trained(resumed, wrong)
    whole = seeded(mbart)
    assert without_frozen(whole).keys() == whole.state_dict().keys()


def test_another_base_model_is_told_by_its_frozen_weights() -> None:
    import torch

    first, same, other = seeded(m2m100), seeded(m2m100), m2m100()
    for model in (first, same, other):
        apply_method(model, LORA)
    drawn(same)
    assert frozen_norm(first) == frozen_norm(same)
    assert frozen_norm(first) != pytest.approx(frozen_norm(other), rel=1e-5)
    exact = sum(
        float(tensor.double().abs().sum())
        for name, tensor in first.named_parameters()
        if ".lora_" not in name
    )
    assert frozen_norm(first) == pytest.approx(exact, rel=1e-9)
    assert frozen_norm(torch.nn.Linear(2, 2)) == 0
    check_base(same, frozen_norm(first))
    with pytest.raises(TrainingError, match="The base model has changed since the checkpoint"):
        check_base(other, frozen_norm(first))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"method": "lora", "freeze": "encoder"},
            "freeze 'encoder' needs method 'full', not 'lora', which freezes all given weights by "
            "itself.",
        ),
        (
            {"method": "lora", "base_model": "from scratch"},
            "method 'lora' needs a trained base model, not 'from scratch': its random weights "
            "would stay as they are.",
        ),
        ({"lora_alpha": 0}, "lora_alpha: Input should be greater than 0 (got 0)."),
    ],
)
def test_contradiction_is_named(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        FineTuneSettings.parse(values)
    assert caught.value.message == sentence


def test_settings_of_earlier_versions_are_full_fine_tuning() -> None:
    new = ("method", "freeze")
    old = {
        name: value
        for name, value in FineTuneSettings(corpus="c").model_dump().items()
        if name not in new and not name.startswith("lora_")
    }
    settings = FineTuneSettings.parse(old)
    assert (settings.method, settings.freeze) == ("full", "nothing")


def test_lora_needs_less_disk(ready_workspace: Workspace) -> None:
    file = ready_workspace.starter_model / "model.safetensors"
    full, lora, wide = (
        runs.needed_bytes(ready_workspace, settings_of(**changes)) - runs.MIN_FREE_BYTES
        for changes in ({}, {"method": "lora"}, {"method": "lora", "lora_rank": 1024})
    )
    assert full == 13 * file.stat().st_size
    assert full / 2 > lora > 3 * file.stat().st_size
    assert wide > full


# 20 steps of 32 segments, all that the corpus has: whatever the spread, the same steps.
RUN = {
    "corpus": "one step", "batch_size": 32, "max_steps": 20, "eval_every_steps": 20,
    "method": "lora", "lora_rank": 8, "lora_dropout": 0.0, "learning_rate": 1e-2,
}  # fmt: skip


@pytest.mark.launcher
def test_lora_run_stopped_and_resumed_equals_one_of_two_processes_that_share_weights(lab):
    """ZeRO-2 stopped and resumed, ZeRO-3 at once: the same losses, and plain models."""
    stopped = lab.launch(**RUN, zero_stage=2)
    lab.until_step(stopped, 2)
    runs.stop(lab.workspace, stopped.id, "save")
    state = lab.wait(stopped)
    step = state.progress["step"]
    assert state.state == "stopped" and 2 <= step < 20, lab.report(stopped)
    runs.resume(lab.workspace, stopped.id)
    state = lab.wait(stopped)
    assert state.state == "finished", lab.report(stopped)
    assert [record["step"] for record in lab.records(stopped, "resume")] == [step]
    shared = lab.finish(**{**RUN, "batch_size": 16}, num_processes=2, zero_stage=3)
    losses = lab.losses(stopped)
    assert list(losses) == list(range(1, 21))
    assert list(losses.values()) == pytest.approx(list(lab.losses(shared).values()), rel=1e-3)
    assert losses[20] < losses[1] - 0.1
    for run in (stopped, shared):
        _assert_plain_model_of_lora(lab, run)
        lab.assert_nothing_left(run)


def _assert_plain_model_of_lora(lab, run) -> None:
    """The adapted layers changed, nothing else; the last checkpoint is the same model."""
    import torch

    settings = FineTuneSettings.load(lab.folder(run).settings_file)
    starter = lab.workspace.starter_model
    base, found = (copied(load_model(str(f))) for f in (starter, lab.folder(run).model_folder))
    changed = {name for name, tensor in base.items() if not torch.equal(tensor, found[name])}
    layers = adapted_layers(load_model(str(starter)), settings.lora_targets)
    assert base.keys() == found.keys() and changed == {f"{name}.weight" for name in layers}
    (plan,) = {(p["num_parameters"], p["num_trainable"]) for p in lab.records(run, "plan")}
    added = len(layers) * 8 * 2 * 128
    assert plan == (num_weights(load_model(str(starter)))[0] + added, added)

    folder = lab.folder(run).path
    step, checkpoint = latest_checkpoint(folder)
    size = read_json(checkpoint / COMPLETE)["size_bytes"]
    # Matrices, master weights and two moments; the tied embedding; names.
    assert size < 4 * (4 * added + base["model.shared.weight"].numel()) + 400_000
    made = folder / "made"
    write_checkpoint_model(folder, step, settings, str(starter), made)
    for name, tensor in load_model(str(made)).state_dict().items():
        assert torch.equal(tensor, found[name]), name


@pytest.mark.launcher
def test_two_processes_train_beside_a_frozen_encoder_without_deepspeed(lab):
    import torch

    run = lab.finish(engine="plain", num_processes=2, freeze="encoder and embeddings")
    base, found = (
        copied(load_model(str(folder)))
        for folder in (lab.workspace.starter_model, lab.folder(run).model_folder)
    )
    changed = {name for name, tensor in base.items() if not torch.equal(tensor, found[name])}
    words = {"model.decoder.embed_tokens.weight"}
    assert changed == {name for name in base if name.startswith("model.decoder.")} - words
    (plan,) = lab.records(run, "plan")
    assert plan["num_trainable"] == sum(base[name].numel() for name in changed)
    lab.assert_nothing_left(run)
