"""Licences of the base models that adaptMLLM offers, and what users must be told about them."""

from __future__ import annotations

from core.finetune.recipes import SCRATCH, STARTER

_LICENCES = {
    "facebook/nllb-200": "CC BY-NC 4.0",
    "facebook/m2m100": "MIT",
    "facebook/mbart-large-50": "MIT",
    "helsinki-nlp/opus-mt": "Apache-2.0 or CC BY 4.0, see its card",
    "google/madlad400": "Apache-2.0",
    STARTER: "none (random weights, built on this machine)",
    SCRATCH: "none (random weights, built on this machine)",
}


def licence_of(base_model: str) -> str:
    """Gives the licence of a base model; `unknown` for one that is not in the list."""
    name = base_model.lower()
    return next((text for prefix, text in _LICENCES.items() if name.startswith(prefix)), "unknown")


def notice_of(base_model: str) -> str:
    """Gives what users of a model must be told; empty where nothing."""
    licence = licence_of(base_model)
    if "NC" in licence:
        return (
            f"The base model's licence is {licence}: no commercial use of it or its fine-tunings."
        )
    if licence == "unknown":
        return "The licence of the base model is not known here; check it before you share it."
    return ""
