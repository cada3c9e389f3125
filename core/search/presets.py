"""Ready spaces with the settings of a study that suit them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A ready study, to be changed at will.

    Attributes:
        purpose: What it is for; one or two sentences.
        space: As `core.search.space.parse_space` reads it.
        study: Changes to the settings of a study.
        base: Changes to the settings of the run that it starts from.
    """

    purpose: str
    space: dict[str, Any]
    study: dict[str, Any] = field(default_factory=dict)
    base: dict[str, Any] = field(default_factory=dict)


QUICK = "Quick"
PAPER_GRID = "Paper's grid"
LORA = "LoRA"

PRESETS: dict[str, Preset] = {
    QUICK: Preset(
        "Learning rate, weight decay and label smoothing by TPE: the first thing to try, with a "
        "dozen trials.",
        {
            "learning_rate": {"low": 1e-5, "high": 5e-3, "log": True},
            "weight_decay": {"choices": [0.0, 0.01, 0.1]},
            "label_smoothing": {"choices": [0.0, 0.1]},
        },
        {"sampler": "tpe", "pruner": "median", "num_trials": 12},
    ),
    PAPER_GRID: Preset(
        "The grid of the adaptMLLM paper, as it is recalled; its text could not be checked. 648 "
        "combinations on a GPU, of which mixed precision is half: shorten it, or draw at random.",
        {
            "learning_rate": {"choices": [1e-5, 3e-5, 9e-5]},
            "batch_size": {"choices": [8, 12, 16]},
            "gradient_accumulation": {"choices": [2, 4, 8]},
            "weight_decay": {"choices": [0.01, 0.1, 1.0, 2.0]},
            "precision": {"choices": ["fp32", "fp16"]},
            "num_epochs": {"choices": [1, 3, 5]},
        },
        {"sampler": "grid", "pruner": "median", "num_trials": 648},
        {"batching": "fixed size", "max_steps": 0},
    ),
    LORA: Preset(
        "Rank, scale and learning rate of LoRA: small matrices are trained beside the frozen "
        "model, which wants larger steps than full fine-tuning.",
        {
            "learning_rate": {"low": 5e-5, "high": 5e-3, "log": True},
            "lora_rank": {"choices": [4, 8, 16, 32, 64]},
            "lora_alpha": {"choices": [16.0, 32.0, 64.0]},
            "lora_targets": {"choices": ["attention", "attention and feed-forward"]},
        },
        {"sampler": "tpe", "pruner": "median", "num_trials": 15},
        {"method": "lora", "freeze": "nothing"},
    ),
}
