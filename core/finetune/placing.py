"""Putting other weights into a model that trains, on all of its processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.finetune.checkpoint_model import checkpoint_weights
from core.finetune.distributed import Ranks
from core.finetune.methods import lora_factor, lora_names
from core.finetune.settings import FineTuneSettings


def trained_names(module: Any) -> list[str]:
    """Gives the names of the weights that are trained, alike on every process."""
    return [name for name, parameter in module.named_parameters() if parameter.requires_grad]


def averaged_names(module: Any, settings: FineTuneSettings) -> list[str]:
    """Gives the names of the weights that a mean of checkpoints changes.

    With LoRA these are also the layers that its matrices adapt, see `mean_weights`.
    """
    names = trained_names(module)
    if settings.method == "lora":
        names += [name for name, _ in module.named_parameters() if _is_adapted(name)]
    return names


def place_weights(
    module: Any, names: Iterable[str], weights: Mapping[str, Any], ranks: Ranks, *, is_split: bool
) -> None:
    """Puts weights into the model of every process; all of them must call it.

    The optimizer knows nothing of it: this is for a model that is only looked at afterwards.
    Transformers reloads a best checkpoint through DeepSpeed with its optimizer state, which ends
    in full memory or in missing keys with LoRA (transformers #25027, #29338, #27751); here the
    first process reads the weights alone, and hands them to the others one by one.

    Args:
        module: The model.
        names: Which weights, alike on every process.
        weights: Tensors by name in any precision; only the first process's count.
        ranks: The processes.
        is_split: True under ZeRO-3, where every process holds a part.
    """
    import torch
    import torch.distributed as dist

    parameters = dict(module.named_parameters())
    for name in names:
        parameter = parameters[name]
        if is_split:
            import deepspeed

            with deepspeed.zero.GatheredParameters(parameter, modifier_rank=0), torch.no_grad():
                if ranks.is_first:
                    parameter.data.copy_(weights[name])
            continue
        if ranks.is_first:
            parameter.data.copy_(weights[name])
        if ranks.world_size > 1:
            dist.broadcast(parameter.data, src=0)


def read_trained(checkpoint: Path, settings: FineTuneSettings, names: Sequence[str]) -> Any:
    """Gives the trained weights of a checkpoint, in host memory.

    Raises:
        ModelError: It cannot be read, or lacks one of them.
    """
    weights = checkpoint_weights(checkpoint, settings)
    if absent := [name for name in names if name not in weights]:
        raise ModelError(
            f"The checkpoint {checkpoint.name} cannot be read: {absent[0]} is missing.",
            hint="Choose another checkpoint, or the finished model.",
        )
    return {name: weights[name] for name in names}


def mean_weights(
    checkpoints: Sequence[Path],
    settings: FineTuneSettings,
    names: Sequence[str],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Gives the mean of the weights of several checkpoints, in float32 (Vaswani et al. 2017, 6.1).

    The mean of LoRA's matrices A and B is not the mean of what they do: with A and -A, B and -B
    two equal models would have none. What is averaged is their products; the sum goes to the
    adapted layer itself, and B becomes zero. The result is a plain model's weights in any case.

    Args:
        checkpoints: Their folders.
        settings: The run's.
        names: Of the trained weights.
        given: The model's weights by name, for the layers that LoRA adapts.

    Raises:
        ModelError: A checkpoint cannot be read.
    """
    sums: dict[str, Any] = {}
    for checkpoint in checkpoints:
        weights = read_trained(checkpoint, settings, names)
        if settings.method == "lora":
            weights = _products(weights, settings)
        for name, tensor in weights.items():
            tensor = tensor.detach().float()
            sums[name] = sums[name] + tensor if name in sums else tensor.clone()
    means = {name: total / len(checkpoints) for name, total in sums.items()}
    if settings.method != "lora":
        return means
    found: dict[str, Any] = {name: means.pop(name) for name in names if name in means}
    for layer, product in means.items():
        down, up = lora_names(layer)
        adapted = f"{layer}.base_layer.weight"
        found[adapted] = given[adapted].float() + product
        found[down], found[up] = given[down], given[up].new_zeros(given[up].shape)
    return found


def _products(weights: Mapping[str, Any], settings: FineTuneSettings) -> dict[str, Any]:
    """Gives what LoRA adds to each layer, by the layer's name; and what else is trained."""
    layers = [name.partition(".lora_A.")[0] for name in weights if ".lora_A." in name]
    found = {name: tensor for name, tensor in weights.items() if ".lora_" not in name}
    for layer in layers:
        down, up = lora_names(layer)
        found[layer] = lora_factor(settings) * (weights[up].float() @ weights[down].float())
    return found


def _is_adapted(name: str) -> bool:
    return name.endswith(".base_layer.weight")
