"""A checkpoint as a model: the weights of a step in the form that Transformers loads."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.finetune.adapters import bind
from core.finetune.checkpoints import COMPLETE, checkpoint_folder
from core.finetune.export import write_model
from core.finetune.methods import apply_method, with_frozen
from core.finetune.models import load_model, load_tokenizer
from core.finetune.settings import FineTuneSettings

# What torch and DeepSpeed raise on files that are missing, cut or no checkpoints at all.
_UNREADABLE = (
    OSError,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,
    AttributeError,
    pickle.UnpicklingError,
)


def write_checkpoint_model(
    run_folder: Path, step: int, settings: FineTuneSettings, base_source: str, folder: Path
) -> None:
    """Writes the model after `step` steps into `folder`; imports torch, and DeepSpeed if it wrote.

    Args:
        run_folder: The run's folder.
        step: A complete checkpoint's.
        settings: The run's settings.
        base_source: Folder or hub id of the base model, for configuration and tokenizer.
        folder: Where to write.

    Raises:
        ModelError: The checkpoint cannot be read.
    """
    checkpoint = checkpoint_folder(run_folder, step)
    if not (checkpoint / COMPLETE).exists():
        raise ModelError(f"There is no complete checkpoint of step {step}.")
    module = load_model(base_source)
    adapter = bind(load_tokenizer(base_source), settings.src_lang, settings.tgt_lang)
    apply_method(module, settings)
    weights = with_frozen(module, _weights(checkpoint, settings))
    # Computed buffers, such as positions, come with the fresh model.
    known = module.state_dict().keys()
    kept = {name: tensor.float() for name, tensor in weights.items() if name in known}
    write_model(folder, module, kept, adapter, settings)


def _weights(checkpoint: Path, settings: FineTuneSettings) -> dict[str, Any]:
    import torch

    try:
        if settings.engine == "plain":
            state = torch.load(checkpoint / "state.pt", map_location="cpu", weights_only=True)
            return dict(state["model"])
        if settings.zero_stage == 0:
            path = checkpoint / "state" / "mp_rank_00_model_states.pt"
            # Written by our own trainer on this machine; DeepSpeed stores more than tensors in it.
            state = torch.load(path, map_location="cpu", weights_only=False)
            return dict(state["module"])
        from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint

        return dict(get_fp32_state_dict_from_zero_checkpoint(str(checkpoint), tag="state"))
    except _UNREADABLE as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ModelError(
            f"The checkpoint {checkpoint.name} cannot be read: {reason}.",
            hint="Choose another checkpoint, or the finished model.",
        ) from error
