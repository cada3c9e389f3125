"""How long a segment may be for a model whose positions are a table of fixed size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import ConfigError
from core.finetune.settings import FineTuneSettings

# M2M100 and NLLB compute further positions as they come; T5 counts distances.
_FIXED = ("marian", "mbart")
_USUAL = 1024  # Transformers' default for both


def num_positions(config: Mapping[str, Any]) -> int:
    """Gives the most tokens that a model can take on a side, from its config.json; 0 = no limit."""
    if config.get("model_type") not in _FIXED:
        return 0
    return int(config.get("max_position_embeddings") or _USUAL)


def check_lengths(settings: FineTuneSettings, config: Mapping[str, Any]) -> None:
    """Refuses lengths for which the model has no positions: a long segment would end the run.

    Raises:
        ConfigError: A side may be longer than the model's table.
    """
    limit = num_positions(config)
    for name in ("max_source_length", "max_target_length"):
        length = getattr(settings, name)
        if 0 < limit < length:
            raise ConfigError(
                f"{name} is {length} and {settings.base_model} has positions for {limit} tokens.",
                hint=f"Set it to at most {limit}, or choose NLLB-200, which has no such limit.",
            )
