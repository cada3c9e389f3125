"""Weights are counted from config.json as Transformers makes them, for each family and method."""

import json
from typing import Any

import pytest

from core.finetune.methods import apply_method, num_weights
from core.finetune.preflight.hub_shapes import PUBLISHED, known_shape, published_shape
from core.finetune.preflight.shapes import num_trained, shape_of
from core.finetune.recipes import SCRATCH
from core.finetune.settings import FineTuneSettings

BART = {
    "vocab_size": 120, "d_model": 16, "encoder_layers": 2, "decoder_layers": 3,
    "encoder_attention_heads": 2, "decoder_attention_heads": 4, "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 40, "max_position_embeddings": 32, "pad_token_id": 1,
    "decoder_start_token_id": 2,
}  # fmt: skip
T5 = {"vocab_size": 120, "d_model": 16, "d_kv": 6, "d_ff": 24, "num_layers": 2, "num_heads": 4}
CONFIGS: dict[str, dict[str, Any]] = {
    "m2m_100": {"model_type": "m2m_100", **BART},
    "mbart": {"model_type": "mbart", **BART},
    "marian": {"model_type": "marian", **BART},
    "t5": {"model_type": "t5", **T5, "num_decoder_layers": 3},
    "mt5": {"model_type": "mt5", **T5, "feed_forward_proj": "gated-gelu"},
}
METHODS = [
    {},
    {"freeze": "encoder"},
    {"freeze": "embeddings"},
    {"freeze": "encoder and embeddings"},
    {"method": "lora", "lora_rank": 3},
    {"method": "lora", "lora_rank": 3, "lora_targets": "attention and feed-forward"},
]


def meta_model(config: dict[str, Any]) -> Any:
    """The model as Transformers builds it, without memory for its weights."""
    import torch
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    values = {name: value for name, value in config.items() if name != "model_type"}
    with torch.device("meta"):
        return AutoModelForSeq2SeqLM.from_config(
            AutoConfig.for_model(config["model_type"], **values)
        )


@pytest.mark.parametrize("family", CONFIGS)
@pytest.mark.parametrize("changes", METHODS, ids=str)
def test_counts_are_those_of_the_real_model(family: str, changes: dict[str, Any]) -> None:
    shape = shape_of(CONFIGS[family])
    assert shape is not None
    settings = FineTuneSettings.parse(changes)
    model = meta_model(CONFIGS[family])
    total, _ = num_weights(model)
    assert shape.num_weights == total
    assert shape.num_word_weights == model.get_input_embeddings().weight.numel()
    apply_method(model, settings)
    assert num_trained(shape, settings) == num_weights(model)[1]


def test_output_that_is_stored_apart_counts_apart() -> None:
    tied, own = (
        shape_of({**CONFIGS["mt5"], "tie_word_embeddings": value}) for value in (True, False)
    )
    assert tied and own and own.num_weights - tied.num_weights == 120 * 16


# Of the models' cards and papers, in millions.
@pytest.mark.parametrize(
    ("hub_id", "millions"),
    [
        ("facebook/nllb-200-distilled-600M", 615.1),
        ("facebook/nllb-200-distilled-1.3B", 1370.6),
        ("facebook/nllb-200-3.3B", 3344.9),
        ("facebook/m2m100_418M", 483.9),
        ("facebook/mbart-large-50-many-to-many-mmt", 610.9),
        ("google/mt5-small", 300.2),
        ("google/mt5-base", 582.4),
        ("google-t5/t5-small", 60.5),
        ("google-t5/t5-base", 222.9),
        ("google/madlad400-3b-mt", 2940.4),
        ("Helsinki-NLP/opus-mt-en-ga", 74.4),
    ],
)
def test_published_models_have_their_published_sizes(hub_id: str, millions: float) -> None:
    shape = published_shape(hub_id)
    assert shape and shape.num_weights / 1e6 == pytest.approx(millions, rel=0.003)


def test_every_model_of_the_form_has_a_shape(ready_workspace) -> None:
    from core.finetune.models import HUB_MODELS

    for hub_id in [*HUB_MODELS, *PUBLISHED]:
        assert known_shape(ready_workspace, FineTuneSettings(base_model=hub_id)), hub_id


def test_starter_scratch_and_folders_are_known_and_others_are_not(
    ready_workspace, tmp_path
) -> None:
    from core.finetune.models import load_model

    def shape(base_model: str, **changes: Any) -> Any:
        return known_shape(ready_workspace, FineTuneSettings(base_model=base_model, **changes))

    real = num_weights(load_model(str(ready_workspace.starter_model)))[0]
    assert shape("starter").num_weights == real
    scratch = shape(SCRATCH, scratch_pieces=500, scratch_d_model=64, scratch_layers=2)
    assert scratch.vocabulary == 703 and scratch.encoder.num_layers == 2
    assert shape("somebody/unheard-of") is None
    assert shape("not a hub id!") is None
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    assert shape(str(tmp_path)) is None
    (tmp_path / "config.json").write_text("[]")
    assert shape(str(tmp_path)) is None
    (tmp_path / "config.json").write_text("{")
    assert shape(str(tmp_path)) is None
