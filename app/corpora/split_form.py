"""How segments are divided into train, dev and test."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.text import plain
from core.corpora.splitting import SplitSettings
from core.errors import ConfigError

WAYS = {"count": "number of segments", "ratio": "share of all"}


def split_fields(*, key: str, has_documents: bool) -> SplitSettings | None:
    """Shows the fields and gives the settings; None while they contradict each other."""
    by = st.segmented_control(
        "Dev and test are given as",
        list(WAYS),
        default="count",
        format_func=WAYS.__getitem__,
        key=f"{key}.by",
        required=True,
    )
    values: dict[str, Any] = {"by": by or "count"}
    values |= _counts(key=key) if values["by"] == "count" else _shares(key=key)
    values |= _ways(key=key, has_documents=has_documents)
    st.caption("Segments that share a source or a target always come into one split.")
    try:
        return SplitSettings.parse(values)
    except ConfigError as error:
        st.warning(plain(error.message))
        return None


def _counts(*, key: str) -> dict[str, int]:
    found = {}
    for column, split in zip(st.columns(3), ("dev", "test"), strict=False):
        with column:
            found[f"num_{split}"] = st.number_input(
                f"{split.capitalize()} segments",
                0,
                1_000_000,
                0,
                key=f"{key}.num_{split}",
                help="0 = 5 %, at most 500",
            )
    return found


def _shares(*, key: str) -> dict[str, float]:
    found = {}
    usual = (("train", 80.0), ("dev", 10.0), ("test", 10.0))
    for column, (split, share) in zip(st.columns(3), usual, strict=True):
        with column:
            found[f"{split}_percent"] = st.number_input(
                f"{split.capitalize()} (%)",
                0.0,
                100.0,
                share,
                format="%g",
                key=f"{key}.{split}_percent",
                help="What cannot be divided goes to train: no segment is dropped.",
            )
    return found


def _ways(*, key: str, has_documents: bool) -> dict[str, Any]:
    seed, length, documents = st.columns(3, vertical_alignment="bottom")
    found: dict[str, Any] = {}
    with seed:
        found["seed"] = st.number_input(
            "Seed", 0, 2**32 - 1, 1, key=f"{key}.seed", help="The same seed gives the same split."
        )
    with length:
        found["stratify_by_length"] = st.toggle(
            "Same mix of lengths",
            value=True,
            key=f"{key}.stratify",
            help="Short and long segments are shared out evenly.",
        )
    if has_documents:
        with documents:
            found["keep_documents"] = st.toggle(
                "Keep documents together",
                key=f"{key}.documents",
                help="All segments of one document come into one split.",
            )
    return found
