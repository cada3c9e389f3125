"""Which family a base model is of, as far as that is known without loading it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from core.finetune.models import model_source
from core.storage.files import read_json
from core.storage.workspace import Workspace

# Trained in bf16: activations overflow in fp16 (transformers #10956, mT5 and MADLAD alike).
_BF16_TYPES = ("t5", "mt5", "umt5")
_BF16_NAMES = re.compile(r"(^|[/_-])(m|um|by|flan-)?t5|madlad", re.IGNORECASE)


def model_type(workspace: Workspace, base_model: str) -> str:
    """Gives `model_type` of a model's configuration, such as `m2m_100`; "" where unknown.

    A model of the hub is asked only where it was fetched before: nothing is downloaded.
    """
    source = model_source(workspace, base_model)
    file = Path(source) / "config.json"
    if not Path(source).is_dir():
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(source, "config.json")
        if not isinstance(found, str):
            return ""
        file = Path(found)
    try:
        return str(read_json(file).get("model_type", ""))
    except (OSError, json.JSONDecodeError, AttributeError):
        return ""


def is_bf16_family(workspace: Workspace, base_model: str) -> bool:
    """Whether fp16 runs of the model end in NaN; by its name where it was not fetched yet."""
    found = model_type(workspace, base_model)
    return found in _BF16_TYPES if found else bool(_BF16_NAMES.search(base_model))
