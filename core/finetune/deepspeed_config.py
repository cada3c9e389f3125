"""The DeepSpeed configuration that follows from a run's settings."""

from __future__ import annotations

from typing import Any

from core.finetune.settings import FineTuneSettings


def deepspeed_config(settings: FineTuneSettings) -> dict[str, Any]:
    """Gives what `ds_config.json` holds.

    Batches are counted by the trainer; DeepSpeed needs their number per step only, so a token
    budget counts as one sample a batch.
    """
    micro = settings.batch_size if settings.batching == "fixed size" else 1
    zero: dict[str, Any] = {"stage": settings.zero_stage}
    if settings.offload != "none":
        zero["offload_optimizer"] = {"device": "cpu"}
    if settings.offload == "optimizer and weights":
        zero["offload_param"] = {"device": "cpu"}
    if settings.zero_stage == 3:
        # For tools that save through DeepSpeed itself, such as zero_to_fp32 and Transformers.
        zero["stage3_gather_16bit_weights_on_model_save"] = True
    config: dict[str, Any] = {
        "train_micro_batch_size_per_gpu": micro,
        "gradient_accumulation_steps": settings.gradient_accumulation,
        "gradient_clipping": settings.max_grad_norm,
        "zero_optimization": zero,
        "zero_allow_untested_optimizer": True,
        "steps_per_print": 1_000_000_000,
    }
    if settings.precision == "bf16":
        config["bf16"] = {"enabled": True}
        # M2M100's sinusoidal positions are a buffer: left in fp32 they turn the hidden states
        # to fp32 and the first layer norm of a bf16 model fails.
        config["data_types"] = {"buffer_dtype": "bf16"}
    if settings.precision == "fp16":
        config["fp16"] = {"enabled": True, "initial_scale_power": 16}
        config["data_types"] = {"buffer_dtype": "fp16"}
    return config
