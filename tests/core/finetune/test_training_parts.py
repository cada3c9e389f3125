"""Guards of the trainer that several processes or a GPU would otherwise have to prove."""

from pathlib import Path

import pytest

from core.errors import ConfigError
from core.finetune.adapters import Adapter, bind
from core.finetune.distributed import keep_all_layers
from core.finetune.models import load_model, load_tokenizer
from core.finetune.settings import FineTuneSettings
from core.finetune.trainer import check_fp16


def test_a_process_without_a_segment_encodes_none(ready_folder: Path) -> None:
    tokenizer = load_tokenizer(str(ready_folder / "models" / "starter"))
    assert bind(tokenizer, "eng_Latn", "gle_Latn").encode_sources([], 8) == []


def test_no_layer_is_dropped_at_random_where_processes_must_agree(ready_folder: Path) -> None:
    model = load_model(str(ready_folder / "models" / "starter"))
    model.get_encoder().layerdrop = model.get_decoder().layerdrop = 0.5
    keep_all_layers(model)
    assert [m.layerdrop for m in model.modules() if hasattr(m, "layerdrop")] == [0.0, 0.0]


def test_fp16_is_refused_for_models_of_bf16() -> None:
    settings = FineTuneSettings(corpus="c", precision="fp16")
    with pytest.raises(ConfigError, match="T5 models end in NaN with fp16"):
        check_fp16(settings, Adapter("T5", None, fp16_is_safe=False))
    check_fp16(settings, Adapter("NLLB", None))
