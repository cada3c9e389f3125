"""The method of a run: which weights are trained, and how all others stay those of the base model.

LoRA (Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models") freezes every given
weight and trains two small matrices beside each chosen layer; the library peft adds and runs them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from core.errors import ConfigError, TrainingError
from core.finetune.new_rows import add_learning_rows, merged_rows
from core.finetune.settings import FineTuneSettings

# Names of the linear layers. First M2M100, NLLB, mBART and Marian; then T5, mT5 and MADLAD.
LAYERS = {
    "attention": ("q_proj", "k_proj", "v_proj", "out_proj", "q", "k", "v", "o"),
    "feed-forward": ("fc1", "fc2", "wi", "wi_0", "wi_1", "wo"),
}
_ADAPTER = "default"


def apply_method(model: Any, settings: FineTuneSettings, new_token_ids: Sequence[int] = ()) -> None:
    """Makes ready what is trained: adds LoRA's matrices, or freezes the chosen parts.

    The matrices are drawn from the run's seed, alike on every process; they change nothing until
    the first step.

    Args:
        model: As Transformers loads it.
        settings: The run's.
        new_token_ids: Tokens of languages that were added: their embeddings learn in any case, or
            the model could never tell the language from the one that it begins as.

    Raises:
        ConfigError: LoRA finds no layer of the asked kind in the model.
    """
    if settings.method == "lora":
        _add_matrices(model, settings)
    else:
        _freeze(model, settings.freeze)
    if settings.gradient_checkpointing:
        _recompute_layers(model, settings)
    if new_token_ids and not model.get_input_embeddings().weight.requires_grad:
        add_learning_rows(model, new_token_ids)


def _recompute_layers(model: Any, settings: FineTuneSettings) -> None:
    """Lets layers drop their activations in the forward pass; evaluation mode is not touched."""
    # The other kind compares what it recomputes with what was there, and ZeRO-3 has put the
    # weights away by then: "recomputed values have different metadata".
    is_split = settings.engine == "deepspeed" and settings.zero_stage == 3
    model.activation_checkpointing_enable({"use_reentrant": is_split})
    # A layer whose inputs need no gradient would be cut off from the loss: with LoRA and with
    # frozen embeddings that is the first one, and all matrices in it would learn nothing.
    model.enable_input_require_grads()


def check_method(model: Any, settings: FineTuneSettings) -> None:
    """Refuses a model that the method cannot train, before time is spent on it.

    Raises:
        ConfigError: LoRA finds no layer of the asked kind in the model.
    """
    if settings.method == "lora":
        adapted_layers(model, settings.lora_targets)


def adapted_layers(model: Any, targets: str) -> list[str]:
    """Gives the names of the layers that LoRA adapts.

    Args:
        model: As Transformers loads it.
        targets: "attention", or "attention and feed-forward".

    Raises:
        ConfigError: The model has no layer of one of these kinds.
    """
    import torch

    linear = [name for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)]
    found = []
    for kind in targets.split(" and "):
        layers = [name for name in linear if name.rpartition(".")[2] in LAYERS[kind]]
        if not layers:
            raise ConfigError(
                f"LoRA finds no {kind} layer in a {type(model).__name__}.",
                hint="Set method to 'full', or choose an NLLB, M2M100, mBART-50, OPUS-MT, T5 or "
                "MADLAD model.",
            )
        found += layers
    return found


def _add_matrices(model: Any, settings: FineTuneSettings) -> None:
    import torch
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,  # type: ignore[arg-type]  # a factor, nothing counts it
        lora_dropout=settings.lora_dropout,
        target_modules=adapted_layers(model, settings.lora_targets),
    )
    with torch.random.fork_rng(devices=[]):
        # peft draws on the processor. torch.manual_seed would seed the GPUs too, and every process
        # would drop the same activations.
        torch.default_generator.manual_seed(settings.seed)
        inject_adapter_in_model(config, model, adapter_name=_ADAPTER)


def _freeze(model: Any, parts: str) -> None:
    """Freezes the named parts; a tied output embedding is the same weight and freezes too."""
    import torch

    if "encoder" in parts:
        words = model.get_encoder().get_input_embeddings().weight  # in most families shared
        for parameter in model.get_encoder().parameters():
            if parameter is not words:
                parameter.requires_grad_(False)
    if "embeddings" in parts:
        for part in model.modules():
            if isinstance(part, torch.nn.Embedding):  # words, and positions that are learnt
                part.requires_grad_(False)


def merged_weights(weights: dict[str, Any], settings: FineTuneSettings) -> dict[str, Any]:
    """Gives a plain model's weights: LoRA's matrices multiplied, and added to what they adapt.

    What was learnt for the tokens of new languages is added to the embeddings.

    Args:
        weights: All weights by name.
        settings: The run's.

    Raises:
        TrainingError: A matrix is missing.
    """
    weights = merged_rows(weights)
    if settings.method != "lora":
        return weights
    merged = {}
    for name, tensor in weights.items():
        layer, adapted, own = name.partition(".base_layer.")
        if ".lora_A." in name or ".lora_B." in name:
            continue
        if adapted and own == "weight":
            down, up = lora_names(layer)
            if absent := {down, up} - weights.keys():
                raise TrainingError(f"LoRA's matrices are missing: {', '.join(sorted(absent))}.")
            # In float32: the sum is rounded once.
            product = weights[up].float() @ weights[down].float()
            tensor = (tensor.float() + lora_factor(settings) * product).to(tensor.dtype)
        merged[f"{layer}.{own}" if adapted else name] = tensor
    return merged


def lora_names(layer: str) -> tuple[str, str]:
    """Gives the names of LoRA's matrices A and B beside a layer."""
    down, up = (f"{layer}.lora_{side}.{_ADAPTER}.weight" for side in "AB")
    return down, up


def lora_factor(settings: FineTuneSettings) -> float:
    """Gives how much the product of LoRA's matrices counts."""
    return settings.lora_alpha / settings.lora_rank


def num_weights(module: Any) -> tuple[int, int]:
    """Gives how many weights a model has, and how many of them are trained."""
    sizes = [
        # ZeRO-3 leaves empty tensors in their place.
        (getattr(parameter, "ds_numel", parameter.numel()), parameter.requires_grad)
        for parameter in module.parameters()
    ]
    return sum(size for size, _ in sizes), sum(size for size, is_trained in sizes if is_trained)


def without_frozen(module: Any) -> dict[str, Any]:
    """Gives a model's state without the frozen weights, which the base model brings."""
    import torch

    return {
        name: tensor.detach()
        for name, tensor in module.state_dict(keep_vars=True).items()
        if tensor.requires_grad or not isinstance(tensor, torch.nn.Parameter)
    }


def with_frozen(module: Any, state: dict[str, Any]) -> dict[str, Any]:
    """Gives a model's state with the frozen weights that a checkpoint left out."""
    import torch

    frozen = {
        name: tensor.detach()
        for name, tensor in module.state_dict(keep_vars=True).items()
        if isinstance(tensor, torch.nn.Parameter) and not tensor.requires_grad
    }
    return {**frozen, **state}


def load_trained(module: Any, state: dict[str, Any]) -> None:
    """Puts a checkpoint's weights into a model; the frozen ones may be left out.

    Raises:
        TrainingError: A trained weight is missing, or one is unknown.
    """
    absent, unexpected = module.load_state_dict(state, strict=False)
    trained = {name for name, p in module.named_parameters() if p.requires_grad}
    if wrong := sorted((trained & set(absent)) | set(unexpected)):
        raise TrainingError(f"The checkpoint does not fit the model: {', '.join(wrong[:3])}.")


def frozen_norm(module: Any) -> float:
    """Gives the sum of the absolute frozen weights, of this process's part under ZeRO-3."""
    import torch

    frozen = [p for p in module.parameters() if not p.requires_grad]
    parts = [getattr(parameter, "ds_tensor", parameter).detach() for parameter in frozen]
    return sum(float(torch.linalg.vector_norm(part, 1, dtype=torch.float64)) for part in parts)


def check_base(module: Any, norm: float) -> None:
    """Refuses other frozen weights than those beside which a checkpoint was trained.

    Args:
        module: The model with its base model's weights.
        norm: `frozen_norm` when the checkpoint was written.

    Raises:
        TrainingError: The base model is another.
    """
    if not math.isclose(frozen_norm(module), norm, rel_tol=1e-6):
        raise TrainingError(
            "The base model has changed since the checkpoint was written, and the run trains only "
            "a part of it.",
            hint="Bring the base model back as it was, or duplicate the run.",
        )
