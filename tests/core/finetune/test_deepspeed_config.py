from __future__ import annotations

from typing import Any

import pytest

from core.finetune.deepspeed_config import deepspeed_config
from core.finetune.settings import FineTuneSettings

ALWAYS = {
    "gradient_accumulation_steps": 1,
    "gradient_clipping": 1.0,
    "zero_allow_untested_optimizer": True,
    "steps_per_print": 1_000_000_000,
}
CPU = {"device": "cpu"}

TABLE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": 2}}),
    (
        {"batching": "fixed size", "batch_size": 5, "gradient_accumulation": 3, "zero_stage": 0},
        {
            "train_micro_batch_size_per_gpu": 5,
            "gradient_accumulation_steps": 3,
            "zero_optimization": {"stage": 0},
        },
    ),
    (
        {"precision": "bf16", "max_grad_norm": 0.5},
        {
            "train_micro_batch_size_per_gpu": 1,
            "gradient_clipping": 0.5,
            "zero_optimization": {"stage": 2},
            "bf16": {"enabled": True},
            "data_types": {"buffer_dtype": "bf16"},
        },
    ),
    (
        {"precision": "fp16", "offload": "optimizer"},
        {
            "train_micro_batch_size_per_gpu": 1,
            "zero_optimization": {"stage": 2, "offload_optimizer": CPU},
            "fp16": {"enabled": True, "initial_scale_power": 16},
            "data_types": {"buffer_dtype": "fp16"},
        },
    ),
    (
        {"zero_stage": 3, "offload": "optimizer and weights"},
        {
            "train_micro_batch_size_per_gpu": 1,
            "zero_optimization": {
                "stage": 3,
                "offload_optimizer": CPU,
                "offload_param": CPU,
                "stage3_gather_16bit_weights_on_model_save": True,
            },
        },
    ),
]


@pytest.mark.parametrize(("values", "expected"), TABLE)
def test_configuration_follows_from_the_settings(
    values: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert deepspeed_config(FineTuneSettings.parse(values)) == {**ALWAYS, **expected}


def test_batch_counts_never_contradict_deepspeeds_own_product() -> None:
    """DeepSpeed derives train_batch_size itself; giving it as well could only contradict it."""
    assert "train_batch_size" not in deepspeed_config(FineTuneSettings())
