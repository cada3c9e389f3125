"""Lengths for which a model has no positions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.finetune.positions import check_lengths, num_positions
from core.finetune.preflight.hub_shapes import published_config
from core.finetune.runs import check_launch
from core.finetune.settings import FineTuneSettings
from core.finetune.trainer import load_base
from core.storage.workspace import Workspace

OPUS = "Helsinki-NLP/opus-mt-en-ga"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (OPUS, 512),
        ("facebook/mbart-large-50-many-to-many-mmt", 1024),
        ("facebook/nllb-200-distilled-600M", 0),
        ("facebook/m2m100_418M", 0),
        ("google/madlad400-3b-mt", 0),
    ],
)
def test_published_models_have_as_many_as_their_tables(model: str, expected: int) -> None:
    config = published_config(model)
    assert config is not None and num_positions(config) == expected


@pytest.mark.parametrize("side", ["max_source_length", "max_target_length"])
def test_one_token_more_than_there_are_positions_is_refused(side: str) -> None:
    config = {"model_type": "marian", "max_position_embeddings": 512}
    check_lengths(FineTuneSettings.parse({"base_model": OPUS, side: 512}), config)
    with pytest.raises(ConfigError) as error:
        check_lengths(FineTuneSettings.parse({"base_model": OPUS, side: 513}), config)
    assert error.value.message == f"{side} is 513 and {OPUS} has positions for 512 tokens."
    check_lengths(FineTuneSettings.parse({side: 4096}), {"model_type": "m2m_100"})


def test_launch_and_trainer_both_look(ready_workspace: Workspace, tmp_path: Path) -> None:
    from transformers import MarianConfig, MarianMTModel

    small: dict[str, Any] = {
        "vocab_size": 50, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1,
        "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32, "max_position_embeddings": 64, "pad_token_id": 1,
        "decoder_start_token_id": 2,
    }  # fmt: skip
    folder = tmp_path / "model"
    MarianMTModel(MarianConfig(**small)).save_pretrained(folder)
    (sample,) = ready_workspace.corpora.all()
    values = {"corpus": sample.id, "base_model": str(folder), "engine": "plain"}
    settings = FineTuneSettings.parse({**values, "max_source_length": 65, "max_target_length": 64})
    with pytest.raises(ConfigError, match="max_source_length is 65 and .* for 64 tokens"):
        check_launch(ready_workspace, settings)
    with pytest.raises(ConfigError, match="max_source_length is 65 and .* for 64 tokens"):
        load_base(str(folder), settings, [])
    load_base(str(folder), settings.changed(max_source_length=64), [])
