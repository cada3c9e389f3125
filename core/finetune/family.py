"""Which family a base model is of, and what it knows, as far as can be told without loading it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.finetune.models import model_source
from core.finetune.new_languages import ADDED, m2m100_code
from core.finetune.settings import FineTuneSettings
from core.languages import Language, all_languages, language_name, selectable_languages
from core.storage.files import read_json
from core.storage.workspace import Workspace

# Trained in bf16: activations overflow in fp16 (transformers #10956, mT5 and MADLAD alike).
_BF16_TYPES = ("t5", "mt5", "umt5")
_BF16_NAMES = re.compile(r"(^|[/_-])(m|um|by|flan-)?t5|madlad", re.IGNORECASE)


def model_type(workspace: Workspace, base_model: str) -> str:
    """Gives `model_type` of a model's configuration, such as `m2m_100`; "" where unknown.

    A model of the hub is asked only where it was fetched before: nothing is downloaded.
    """
    return str(_values(workspace, base_model, "config.json").get("model_type", ""))


def has_one_direction(workspace: Workspace, base_model: str) -> bool:
    """Whether it is known that a model cannot be told a target language: Marian without codes."""
    if model_type(workspace, base_model) != "marian":
        return False
    vocabulary = _values(workspace, base_model, "vocab.json")
    return bool(vocabulary) and not any(piece.startswith(">>") for piece in vocabulary)


def is_bf16_family(workspace: Workspace, base_model: str) -> bool:
    """Whether fp16 runs of the model end in NaN; by its name where it was not fetched yet."""
    found = model_type(workspace, base_model)
    return found in _BF16_TYPES if found else bool(_BF16_NAMES.search(base_model))


def known_languages(workspace: Workspace, base_model: str) -> tuple[Language, ...]:
    """Gives the languages of a model that can be taught further ones, NLLB or M2M100.

    None for all other models, and where nothing is known of it. A model of the hub that was not
    fetched yet is told by its name.
    """
    values = _values(workspace, base_model, "tokenizer_config.json")
    kind = str(values.get("tokenizer_class") or base_model).lower()
    added = values.get(ADDED, {})
    if "nllb" in kind:
        flores = {item.code for item in all_languages()}
        return tuple(i for i in selectable_languages() if i.code in flores or i.code in added)
    if "m2m100" in kind:
        return tuple(i for i in selectable_languages() if i.m2m100 or m2m100_code(i) in added)
    return ()


def check_languages(workspace: Workspace, settings: FineTuneSettings) -> None:
    """Refuses a language that NLLB or M2M100 does not know and is not taught; nothing is loaded.

    The trainer looks again, at the tokenizer itself.

    Raises:
        ModelError: The sentence names the language and how to teach it.
    """
    known = {item.code for item in known_languages(workspace, settings.base_model)}
    for side in ("src_lang", "tgt_lang") if known else ():
        code, like = getattr(settings, side), getattr(settings, f"{side}_like")
        if code not in known and like not in known:
            raise ModelError(
                f"{settings.base_model} does not know {language_name(code)} ({code})"
                + (f", nor {language_name(like)} ({like})." if like else "."),
                hint=f"Set {side}_like to a related language that it knows, or choose another "
                "model.",
            )


def _values(workspace: Workspace, base_model: str, name: str) -> dict[str, Any]:
    """Gives what a file of a model holds; {} where it is not on this machine or cannot be read."""
    source = model_source(workspace, base_model)
    file = Path(source) / name
    if not Path(source).is_dir():
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(source, name)
        if not isinstance(found, str):
            return {}
        file = Path(found)
    try:
        values = read_json(file)
    except (OSError, json.JSONDecodeError):
        return {}
    return dict(values) if isinstance(values, dict) else {}
