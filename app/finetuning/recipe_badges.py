"""Whether this machine is large enough for a recipe."""

from __future__ import annotations

import streamlit as st

from app import cache
from core.finetune.recipes import MADE_FOR

_NOMINAL = 0.93  # a card of 24 GB tells 23.6 GB or so, and gives less


def recipe_badge(name: str) -> None:
    """Shows below a recipe whether it fits this machine, or what it needs.

    Args:
        name: Of the recipe.
    """
    if name not in MADE_FOR:
        return
    gpu_gb, host_gb = MADE_FOR[name]
    facts = cache.facts()
    cards = [int(gpu["memory_bytes"]) for gpu in facts.gpus]
    if facts.accelerator != "cuda":
        cards = []
    if gpu_gb and max(cards, default=0) < gpu_gb * 1e9 * _NOMINAL:
        article = "an" if str(gpu_gb).startswith("8") else "a"
        st.badge(f"needs {article} {gpu_gb} GB GPU", icon=":material/memory:", color="gray")
    elif facts.memory_bytes < host_gb * 1e9 * _NOMINAL:
        st.badge(f"needs {host_gb} GB of memory", icon=":material/memory:", color="gray")
    else:
        st.badge("fits this machine", icon=":material/check:", color="green")
