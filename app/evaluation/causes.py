"""Where and why systems differ: buckets, checks, words by frequency, n-grams."""

from __future__ import annotations

import streamlit as st

from app.evaluation.bucket_views import bucket_view
from app.evaluation.check_views import check_view
from app.evaluation.choice import Choice
from app.evaluation.ngram_views import ngram_view
from app.evaluation.word_views import word_view
from core.evaluate.evaluating import Evaluated
from core.storage.workspace import Workspace

VIEWS = ("Checks", "Buckets", "Words by frequency in training", "N-grams")


def causes(workspace: Workspace, choice: Choice, found: Evaluated) -> None:
    """Shows one of the views that explain scores; every row leads to its segments."""
    view = st.segmented_control(
        "View",
        VIEWS,
        default=VIEWS[0],
        required=True,
        key="causes.view",
        label_visibility="collapsed",
    )
    if view == "Checks":
        check_view(workspace, choice, found)
    elif view == "Buckets":
        bucket_view(workspace, choice, found)
    elif view == "N-grams":
        ngram_view(choice, found)
    else:
        word_view(workspace, choice, found)
