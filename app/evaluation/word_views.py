"""How well words are translated that a training corpus has never, seldom or often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.evaluation.charts import bar_chart
from app.evaluation.choice import Choice
from app.evaluation.findings import training_counts
from app.evaluation.positions import picked_row, segments_button
from app.evaluation.training_corpus import corpus_select
from app.text import shortened
from core.evaluate.causes.counting_texts import word_scores
from core.evaluate.causes.training_words import FrequencyClass
from core.evaluate.combining import unused_name
from core.evaluate.evaluating import Evaluated
from core.storage.workspace import Workspace

SHOWN_NAME = 32


def word_view(workspace: Workspace, choice: Choice, found: Evaluated) -> None:
    """Shows how well words are translated that training saw never, seldom or often."""
    corpus = corpus_select(workspace, found)
    if corpus is None:
        st.info(
            "There is no training corpus of these languages here. Import the corpus that the "
            "systems learnt from to see which words they never saw."
        )
        return
    counts = training_counts(workspace, corpus.id, found)
    names = {each.set_id: choice.names[each.set_id] for each in found.result.scored}
    classes = word_scores(found, counts)
    _word_table(classes, names)
    _word_chart(classes, names)


def _word_table(classes: Sequence[FrequencyClass], names: dict[str, str]) -> None:
    rows = [
        {"In training": each.bucket.label, "Words": next(iter(each.scores.values())).num_reference}
        | {set_id: score.f1 for set_id, score in each.scores.items()}
        for each in classes
    ]
    columns: dict[str, Any] = {
        set_id: st.column_config.NumberColumn(name, format="%.1f", width=110)
        for set_id, name in names.items()
    }
    picked = picked_row(rows, columns, key=f"words.table.{len(rows)}")
    st.caption(
        "F1 of the words of a class (0 to 100): a word is right if the reference of its segment "
        "has it, as often as that. Click a row to see the segments."
    )
    if picked is not None:
        bucket = classes[picked].bucket
        segments_button(f"Words in training: {bucket.label}", bucket.positions, key="words.show")


def _word_chart(classes: Sequence[FrequencyClass], names: dict[str, str]) -> None:
    values: dict[str, list[float | None]] = {}
    for set_id, name in names.items():  # what is cut alike stays two systems
        label = unused_name(shortened(name, SHOWN_NAME), values)
        values[label] = [each.scores[set_id].f1 for each in classes]
    st.plotly_chart(
        bar_chart(
            [each.bucket.label for each in classes],
            values,
            title="F1 of words by their frequency in training",
            unit="F1",
        ),
        width="stretch",
        key="words.chart",
    )
