"""Where the shape of a base model is known from: its folder, the hub's cache, or a table."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.finetune.models import source_of_run
from core.finetune.preflight.shapes import Shape, shape_of
from core.finetune.recipes import SCRATCH
from core.finetune.scratch import NUM_MARKERS, sizes_of
from core.finetune.settings import FineTuneSettings
from core.storage.files import read_json
from core.storage.workspace import Workspace


def _nllb(width: int, layers: int, ffn: int, vocabulary: int = 256206) -> dict[str, Any]:
    return {
        "model_type": "m2m_100", "vocab_size": vocabulary, "d_model": width,
        "encoder_layers": layers, "decoder_layers": layers,
        "encoder_ffn_dim": ffn, "decoder_ffn_dim": ffn,
        "encoder_attention_heads": 16, "decoder_attention_heads": 16,
        "dropout": 0.1, "attention_dropout": 0.1,
    }  # fmt: skip


def _t5(kind: str, width: int, layers: int, ffn: int, heads: int, **more: Any) -> dict[str, Any]:
    return {
        "model_type": kind, "d_model": width, "num_layers": layers, "d_ff": ffn,
        "num_heads": heads, "d_kv": 64, **more,
    }  # fmt: skip


_MULTILINGUAL = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
_MBART = {"model_type": "mbart", "vocab_size": 250054, "d_model": 1024}
_MADLAD = {"vocab_size": 256000, "d_kv": 128, **_MULTILINGUAL}
_MT5 = {"vocab_size": 250112, **_MULTILINGUAL}

# The parts of published config.json files that decide a model's size, so that a model is judged
# before it is downloaded.
PUBLISHED: dict[str, Mapping[str, Any]] = {
    "facebook/nllb-200-distilled-600M": _nllb(1024, 12, 4096),
    "facebook/nllb-200-distilled-1.3B": _nllb(1024, 24, 8192),
    "facebook/nllb-200-1.3B": _nllb(1024, 24, 8192),
    "facebook/nllb-200-3.3B": _nllb(2048, 24, 8192),
    "facebook/m2m100_418M": _nllb(1024, 12, 4096, 128112),
    "facebook/m2m100_1.2B": _nllb(1024, 24, 8192, 128112),
    "facebook/mbart-large-50-many-to-many-mmt": _MBART,
    "facebook/mbart-large-50-one-to-many-mmt": _MBART,
    "facebook/mbart-large-50-many-to-one-mmt": _MBART,
    "facebook/mbart-large-50": _MBART,
    "google/madlad400-3b-mt": _t5("t5", 1024, 32, 8192, 16, **_MADLAD),
    "google/mt5-small": _t5("mt5", 512, 8, 1024, 6, **_MT5),
    "google/mt5-base": _t5("mt5", 768, 12, 2048, 12, **_MT5),
    "google/mt5-large": _t5("mt5", 1024, 24, 2816, 16, **_MT5),
    "google-t5/t5-small": _t5("t5", 512, 6, 2048, 8, vocab_size=32128),
    "google-t5/t5-base": _t5("t5", 768, 12, 3072, 12, vocab_size=32128),
}

# The thousand OPUS-MT models of one direction are alike but for their words, about 298 MB each.
_OPUS_MT = re.compile(r"Helsinki-NLP/opus-mt-(?!tc-)[\w-]+$")
_OPUS_MT_CONFIG: Mapping[str, Any] = {
    "model_type": "marian", "vocab_size": 58101, "d_model": 512, "max_position_embeddings": 512,
    "encoder_layers": 6, "decoder_layers": 6, "encoder_ffn_dim": 2048, "decoder_ffn_dim": 2048,
    "encoder_attention_heads": 8, "decoder_attention_heads": 8,
}  # fmt: skip


def published_shape(hub_id: str) -> Shape | None:
    """Gives the shape of a well-known model of the hub; None for others."""
    config = published_config(hub_id)
    return None if config is None else shape_of(config)


def published_config(hub_id: str) -> Mapping[str, Any] | None:
    """Gives the configuration of a well-known model of the hub; None for others."""
    is_opus = hub_id not in PUBLISHED and _OPUS_MT.fullmatch(hub_id)
    return _OPUS_MT_CONFIG if is_opus else PUBLISHED.get(hub_id)


def known_shape(workspace: Workspace, settings: FineTuneSettings) -> Shape | None:
    """Gives the shape of a run's base model, None where it is unknown; downloads nothing.

    A model from scratch is counted with as many pieces as were asked for.
    """
    if settings.base_model == SCRATCH:
        return scratch_shape(settings)
    config = known_config(workspace, settings)
    return None if config is None else shape_of(config)


def known_config(workspace: Workspace, settings: FineTuneSettings) -> Mapping[str, Any] | None:
    """Gives the values of a base model's config.json, None where they are unknown."""
    try:
        source = source_of_run(workspace, "", settings)
    except ModelError:  # the launch says what is wrong with it
        return None
    file = _config_file(source)
    if file is None:
        return published_config(source)
    try:
        config = read_json(file)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        return None
    return config if isinstance(config, dict) else None


def _config_file(source: str) -> Path | None:
    """Gives config.json of a folder, or of a hub model that was fetched before."""
    if Path(source).is_dir():
        return Path(source) / "config.json"
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(source, "config.json")
    except HFValidationError:
        return None
    return Path(found) if isinstance(found, str) else None


def scratch_shape(settings: FineTuneSettings) -> Shape | None:
    """Gives the shape of the model that a run from scratch builds, at its largest."""
    sizes = sizes_of(settings)
    return shape_of(
        {
            "model_type": "m2m_100",
            "vocab_size": settings.scratch_pieces + NUM_MARKERS,
            "d_model": sizes.d_model,
            "encoder_layers": sizes.num_layers,
            "decoder_layers": sizes.num_layers,
            "encoder_attention_heads": sizes.num_heads,
            "decoder_attention_heads": sizes.num_heads,
            "encoder_ffn_dim": sizes.ffn_dim,
            "decoder_ffn_dim": sizes.ffn_dim,
            "dropout": sizes.dropout,
            "attention_dropout": 0.0,
        }
    )
