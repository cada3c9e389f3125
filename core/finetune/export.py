"""Writing the fine-tuned model and proving, from the disk, that it is the one that was trained."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from core.errors import TrainingError
from core.finetune.adapters import Adapter
from core.finetune.methods import merged_weights
from core.finetune.models import load_model
from core.finetune.new_languages import save_tokenizer
from core.finetune.settings import FineTuneSettings

LOGIT_TOLERANCE = 0.05  # of the largest logit; roundings of bf16 stay below 0.02


def gathered_weights(module: Any, *, is_split: bool, is_first: bool) -> dict[str, Any]:
    """Gives a copy of all weights in host memory, on the first process; {} on the others.

    Args:
        module: The trained model.
        is_split: True under ZeRO-3, where every process holds a part and must call this.
        is_first: Whether this process writes.
    """
    if not is_split:
        return _copied(module) if is_first else {}
    import deepspeed

    copies: dict[int, Any] = {}
    weights: dict[str, Any] = {}
    # Computed buffers, such as positions, are not in it; a tied weight is, by each of its names.
    for name, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) not in copies:
            with deepspeed.zero.GatheredParameters(tensor):
                copies[id(tensor)] = tensor.detach().cpu().clone() if is_first else None
        weights[name] = copies[id(tensor)]
    return weights if is_first else {}


def _copied(module: Any) -> dict[str, Any]:
    copies: dict[int, Any] = {}  # a tied weight, the largest of all, is copied once
    weights: dict[str, Any] = {}
    for name, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) not in copies:
            copies[id(tensor)] = tensor.detach().cpu().clone()
        weights[name] = copies[id(tensor)]
    return weights


def write_model(
    folder: Path, module: Any, weights: dict[str, Any], adapter: Adapter, settings: FineTuneSettings
) -> Any:
    """Writes model and tokenizer into `folder` and gives the written model, in host memory.

    The weights go through a fresh model: DeepSpeed's module would write the tied embedding up
    to four times (shared, encoder, decoder, output). LoRA's matrices are merged: what is written
    is a plain model.
    """
    weights = merged_weights(weights, settings)
    shutil.rmtree(folder, ignore_errors=True)
    # Transformers 5 calls every model's embeddings tied; MADLAD's output weights are its own, and
    # tying them would put one matrix in the place of the other.
    output, embedding = module.get_output_embeddings(), module.get_input_embeddings()
    module.config.tie_word_embeddings = output is None or output.weight is embedding.weight
    fresh = type(module)(module.config)
    some = next(tensor for tensor in weights.values() if tensor.is_floating_point())
    fresh.to(some.dtype)
    fresh.tie_weights()
    absent, unexpected = fresh.load_state_dict(weights, strict=False)
    # A tied weight has several names and may come under the first of them only.
    missing = {name for name, _ in fresh.named_parameters()} & set(absent)
    if missing or unexpected:
        raise TrainingError(
            f"The trained weights do not fit the model: missing {sorted(missing)[:3]}, "
            f"unexpected {sorted(unexpected)[:3]}."
        )
    fresh.generation_config = module.generation_config
    if adapter.forced_bos_token_id is not None:
        # Stored with the model, so that it translates into this language without being told.
        fresh.generation_config.forced_bos_token_id = adapter.forced_bos_token_id
    fresh.generation_config.max_length = settings.max_target_length
    fresh.save_pretrained(folder)
    save_tokenizer(adapter.tokenizer, folder)
    return fresh.eval()


def check_reloaded(folder: Path, written: Any, token_ids: list[list[int]]) -> None:
    """Loads the model from the disk and compares it with the one that was written.

    Raises:
        TrainingError: A tensor is missing, differs or is not finite, or the logits differ.
    """
    import torch

    reloaded = load_model(str(folder), dtype=next(written.parameters()).dtype).eval()
    expected, found = written.state_dict(), reloaded.state_dict()
    if expected.keys() != found.keys():
        wrong = sorted(expected.keys() ^ found.keys())[:3]
        raise TrainingError(f"The saved model was reloaded with other tensors: {wrong}.")
    for name, tensor in expected.items():
        if not torch.equal(tensor, found[name]):
            raise TrainingError(f"The saved model was reloaded with another {name}.")
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise TrainingError(f"The trained model holds values that are not finite in {name}.")
    ids = torch.tensor(token_ids)
    with torch.inference_mode():
        first, second = (
            model(input_ids=ids, decoder_input_ids=ids[:, :1]).logits
            for model in (written, reloaded)
        )
    # The tensors are equal to the last bit; where they lie in memory decides the order in which
    # the processor adds, so the logits are equal but for rounding. A wrong configuration, such as
    # an untied embedding, changes them as a whole.
    if float((first - second).abs().max()) > LOGIT_TOLERANCE * float(first.abs().max()):
        raise TrainingError("The saved model was reloaded but computes other logits.")
