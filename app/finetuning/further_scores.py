"""Scores beside those of the test split: the other direction, and general text."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.text import counted, plain
from core.languages import language_name
from core.storage.run_records import Run


def further_scores(run: Run) -> None:
    """Shows the scores before and after of each further set that the run has."""
    for name in ("reverse", "general"):
        found = run.scores.get(name)
        if found:
            st.caption(plain(f"{_title(run, name)} · {found['corpus']}, {_where(found)}"))
            st.dataframe(_table(found), hide_index=True, width="stretch", key=f"run.further.{name}")


def _title(run: Run, name: str) -> str:
    if name == "reverse":
        return f"{language_name(run.tgt_lang)} → {language_name(run.src_lang)}"
    return "General text: what fine-tuning makes worse here was forgotten"


def _where(found: dict[str, Any]) -> str:
    return f"{found['split']} split, {counted(found['num_segments'], 'segment')}"


def _table(found: dict[str, Any]) -> pd.DataFrame:
    before = {score["name"]: score["value"] for score in found["base"]}
    return pd.DataFrame(
        [
            {
                "Score": score["name"],
                "Before training": round(before[score["name"]], 2),
                "After training": round(score["value"], 2),
                "Difference": f"{score['value'] - before[score['name']]:+.2f}",
                "Signature": score["signature"],
            }
            for score in found["fine_tuned"]
        ]
    )
