"""A checkpoint as a model: the weights of a step in the form that Transformers loads."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.finetune.adapters import Adapter, bind_run
from core.finetune.checkpoints import COMPLETE, checkpoint_folder
from core.finetune.export import write_model
from core.finetune.methods import apply_method, with_frozen
from core.finetune.models import load_model, load_tokenizer
from core.finetune.new_languages import add_rows
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
    run_folder: Path,
    step: int,
    settings: FineTuneSettings,
    base_source: str,
    folder: Path,
    *,
    dtype: Any = None,
) -> Any:
    """Writes the model after `step` steps into `folder`; imports torch, and DeepSpeed if it wrote.

    Args:
        run_folder: The run's folder.
        step: A complete checkpoint's.
        settings: The run's settings.
        base_source: Folder or hub id of the base model, for configuration and tokenizer.
        folder: Where to write.
        dtype: A torch.dtype of the weights; None = float32.

    Returns:
        The written model, in host memory.

    Raises:
        ModelError: The checkpoint cannot be read.
    """
    checkpoint = checkpoint_folder(run_folder, step)
    if not (checkpoint / COMPLETE).exists():
        raise ModelError(f"There is no complete checkpoint of step {step}.")
    module, adapter = _prepared(base_source, settings)
    weights = with_frozen(module, checkpoint_weights(checkpoint, settings))
    # Computed buffers, such as positions, come with the fresh model.
    known = module.state_dict().keys()
    # LoRA's product is added in the precision of the layer, as when the run itself writes.
    kept = {
        name: tensor.to(dtype or tensor.float().dtype) if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
        if name in known
    }
    return write_model(folder, module, kept, adapter, settings)


def _prepared(base_source: str, settings: FineTuneSettings) -> tuple[Any, Adapter]:
    """Gives the base model as the run trains it, and its adapter."""
    revision = settings.base_model_revision
    module = load_model(base_source, revision=revision)
    adapter, new = bind_run(load_tokenizer(base_source, revision=revision), settings)
    add_rows(module, new)
    apply_method(module, settings, [item.token_id for item in new])
    return module, adapter


def checkpoint_weights(checkpoint: Path, settings: FineTuneSettings) -> dict[str, Any]:
    """Gives the weights that a checkpoint holds by name, in host memory: master weights if any.

    Optimizer states are mapped and never read.

    Raises:
        ModelError: The checkpoint cannot be read.
    """
    import torch

    try:
        if settings.engine == "plain":
            path = checkpoint / "state.pt"
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
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
